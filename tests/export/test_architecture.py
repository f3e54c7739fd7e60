import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.errors import ExportError
from workbench.export.architecture import ModelConfig, architecture_of, interleave

PLAIN = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 256,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 2,
    "intermediate_size": 512,
    "max_position_embeddings": 512,
    "vocab_size": 384,
}


class Recorder:
    """Takes every `add_...` call of a GGUF writer."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return lambda value: self.values.__setitem__(name.removeprefix("add_"), value)


def config(**settings: Any) -> ModelConfig:
    return ModelConfig(Path("model/config.json"), PLAIN | settings)


def described(**settings: Any) -> dict[str, Any]:
    recorder = Recorder()
    model = config(**settings)
    architecture_of(model).describe(model, recorder)
    return recorder.values


def test_rows_of_each_head_are_interleaved() -> None:
    rows = np.asarray([10, 11, 20, 21, 30, 31, 40, 41], np.float32)
    assert interleave(rows, 2).tolist() == [10, 20, 11, 21, 30, 40, 31, 41]
    matrix = np.arange(16, dtype=np.float32).reshape(8, 2)
    assert interleave(matrix, 1)[:, 0].tolist() == [0, 8, 2, 10, 4, 12, 6, 14]


def test_only_rotated_projections_are_rearranged() -> None:
    model = config()
    architecture = architecture_of(model)
    weights = np.arange(512 * 2, dtype=np.float32).reshape(512, 2)
    for name, moved in (("q_proj", True), ("k_proj", True), ("v_proj", False), ("o_proj", False)):
        arranged = architecture.arrange(model, f"model.layers.0.self_attn.{name}.weight", weights)
        assert (arranged.tolist() != weights.tolist()) == moved


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"head_count": 4, "head_count_kv": 2, "key_length": 64, "rope_freq_base": 10000.0}),
        ({"head_dim": 16}, {"key_length": 16, "value_length": 16, "rope_dimension_count": 16}),
        ({"num_key_value_heads": None}, {"head_count_kv": 4}),
        ({"rope_theta": 500.0}, {"rope_freq_base": 500.0}),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, {"rope_scaling_factor": 2.0, "rope_freq_base": 10000.0}),
    ],
)
def test_hyperparameters_come_from_older_and_newer_configs(settings: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected.items() <= described(**settings).items()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"hidden_act": "gelu"}, "not gelu"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 2.0}}, "'yarn' is not default"),
        ({"num_hidden_layers": "two"}, "num_hidden_layers is 'two'"),
        ({"architectures": ["MambaForCausalLM"]}, "MambaForCausalLM cannot be exported"),
        ({"architectures": None}, "without a class name"),
    ],
)
def test_what_llama_cpp_would_compute_differently_is_refused(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ExportError, match=problem):
        described(**settings)


def test_supported_classes_are_named() -> None:
    with pytest.raises(ExportError) as caught:
        architecture_of(config(architectures=["MambaForCausalLM"]))
    assert "LlamaForCausalLM" in caught.value.hint


def test_a_folder_without_a_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"no config\.json"):
        ModelConfig.read(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(PLAIN))
    assert ModelConfig.read(tmp_path).heads == 4
