from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.errors import ExportError
from workbench.export.architecture import ARCHITECTURES, architecture_of, interleave
from workbench.export.model_config import ModelConfig

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
LLAMA3: dict[str, Any] = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


class Recorder:
    """Takes every `add_...` call of a GGUF writer."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return lambda value: self.values.__setitem__(name.removeprefix("add_"), value)


def config(family: str = "Llama", **settings: Any) -> ModelConfig:
    return ModelConfig(Path("model/config.json"), PLAIN | {"architectures": [f"{family}ForCausalLM"]} | settings)


def described(family: str = "Llama", **settings: Any) -> dict[str, Any]:
    recorder = Recorder()
    model = config(family, **settings)
    architecture_of(model).describe(model, recorder)
    return recorder.values


def tensors(family: str, **settings: Any) -> dict[str, tuple[int, ...]]:
    model = config(family, **settings)
    return dict(architecture_of(model).tensors(model))


def test_rows_of_each_head_are_interleaved() -> None:
    rows = np.asarray([10, 11, 20, 21, 30, 31, 40, 41], np.float32)
    assert interleave(rows, 4).tolist() == [10, 20, 11, 21, 30, 40, 31, 41]
    matrix = np.arange(16, dtype=np.float32).reshape(8, 2)
    assert interleave(matrix, 8)[:, 0].tolist() == [0, 8, 2, 10, 4, 12, 6, 14]


@pytest.mark.parametrize(("family", "rotated"), [("Llama", 64), ("Granite", 64), ("Mistral", 64), ("Qwen2", 0)])
def test_only_rotated_projections_are_rearranged(family: str, rotated: int) -> None:
    model = config(family)
    architecture = architecture_of(model)
    for name, rows in (("q_proj", rotated), ("k_proj", rotated), ("v_proj", 0), ("o_proj", 0)):
        assert architecture.head_rows(model, f"model.layers.0.self_attn.{name}.weight") == rows
        assert architecture.head_rows(model, f"model.layers.0.self_attn.{name}.bias") == rows


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"head_count": 4, "head_count_kv": 2, "key_length": 64, "rope_freq_base": 10000.0}),
        ({"head_dim": 16}, {"key_length": 16, "value_length": 16, "rope_dimension_count": 16}),
        ({"num_key_value_heads": None}, {"head_count_kv": 4}),
        ({"rope_theta": 500.0}, {"rope_freq_base": 500.0}),
        ({"rms_norm_eps": 1e-3}, {"layer_norm_rms_eps": 1e-3}),
    ],
)
def test_hyperparameters_come_from_the_config(settings: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected.items() <= described(**settings).items()


def test_granite_has_its_multipliers() -> None:
    given = {"attention_multiplier": 0.1, "embedding_multiplier": 12, "residual_multiplier": 0.2, "logits_scaling": 8}
    found = described("Granite", **given)
    scales = ("attention_scale", "embedding_scale", "residual_scale", "logit_scale")
    assert [found[name] for name in scales] == [0.1, 12.0, 0.2, 8.0]
    assert [described("Granite")[name] for name in scales] == [1.0] * 4
    assert not set(scales) & set(described("Llama"))


def test_every_tensor_is_known_with_its_shape() -> None:
    found = tensors("Qwen3", head_dim=32, num_hidden_layers=1, tie_word_embeddings=True)
    assert found["model.layers.0.self_attn.q_proj.weight"] == (128, 256)
    assert found["model.layers.0.self_attn.k_norm.weight"] == (32,)
    assert found["model.layers.0.mlp.down_proj.weight"] == (256, 512)
    assert "lm_head.weight" not in found
    assert tensors("Llama")["lm_head.weight"] == (384, 256)
    assert tensors("Qwen2")["model.layers.1.self_attn.k_proj.bias"] == (128,)
    assert not [name for name in tensors("Mistral") if name.endswith("bias")]
    assert "model.layers.0.mlp.gate_proj.bias" in tensors("Granite", mlp_bias=True)


def test_names_are_those_of_llama_cpp() -> None:
    for family in ARCHITECTURES:
        model = config(family.removesuffix("ForCausalLM"))
        architecture = architecture_of(model)
        names = [architecture.names(model)(name) for name, _ in architecture.tensors(model)]
        assert len(set(names)) == len(names)
        assert {"token_embd.weight", "output.weight", "blk.1.attn_q.weight", "blk.0.ffn_down.weight"} <= set(names)


@pytest.mark.parametrize(
    ("family", "settings", "problem"),
    [
        ("Llama", {"hidden_act": "gelu"}, "not gelu"),
        ("Llama", {"num_hidden_layers": "two"}, "num_hidden_layers is 'two'"),
        ("Llama", {"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}, "'dynamic' cannot be exported"),
        ("Qwen2", {"rope_scaling": LLAMA3}, "does not compute Llama 3's scaling in a Qwen2ForCausalLM"),
        ("Mamba", {}, "MambaForCausalLM cannot be exported"),
        ("Llama", {"architectures": None}, "without a class name"),
    ],
)
def test_what_llama_cpp_would_compute_differently_is_refused(
    family: str, settings: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ExportError, match=problem):
        described(family, **settings)


def test_a_bias_that_llama_cpp_does_not_add_is_refused() -> None:
    with pytest.raises(ExportError, match="qwen3 adds no bias to o_proj"):
        tensors("Qwen3", attention_bias=True)


def test_supported_classes_are_named() -> None:
    with pytest.raises(ExportError) as caught:
        architecture_of(config("Mamba"))
    for family in ("Llama", "Granite", "Mistral", "Qwen2", "Qwen3"):
        assert f"{family}ForCausalLM" in caught.value.hint
