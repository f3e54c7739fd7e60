import json
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import ExportError
from workbench.export.model_config import ModelConfig

PLAIN = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 256,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "max_position_embeddings": 512,
}


def config(**settings: Any) -> ModelConfig:
    return ModelConfig(Path("model/config.json"), PLAIN | settings)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"rope_theta": 10000.0, "rope_type": "default", "partial_rotary_factor": 1.0}),
        ({"rope_theta": 500.0, "partial_rotary_factor": 0.5}, {"rope_theta": 500.0, "partial_rotary_factor": 0.5}),
        (
            {"rope_theta": 5.0, "rope_scaling": {"type": "linear", "factor": 2.0}},
            {"rope_type": "linear", "factor": 2.0, "rope_theta": 5.0},
        ),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 7.0}}, {"rope_type": "yarn", "rope_theta": 7.0}),
    ],
)
def test_rotary_settings_of_older_and_newer_files(settings: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected.items() <= config(**settings).rope.values.items()


@pytest.mark.parametrize(
    ("family", "settings", "expected"),
    [
        ("Llama", {"sliding_window": 64}, 512),
        ("Mistral", {"sliding_window": 64}, 64),
        ("Mistral", {"sliding_window": None}, 512),
        ("Mistral", {"sliding_window": 4096}, 512),
        ("Qwen2", {"sliding_window": 64, "use_sliding_window": False}, 512),
        ("Qwen2", {"sliding_window": 64, "use_sliding_window": True, "max_window_layers": 1}, 64),
        ("Qwen2", {"sliding_window": 64, "use_sliding_window": True, "max_window_layers": 2}, 512),
        ("Qwen3", {"sliding_window": 64, "layer_types": ["full_attention"] * 2}, 512),
        ("Qwen3", {"sliding_window": 64, "layer_types": ["full_attention", "sliding_attention"]}, 64),
    ],
)
def test_the_context_ends_with_the_window(family: str, settings: dict[str, Any], expected: int) -> None:
    assert config(architectures=[f"{family}ForCausalLM"], **settings).context_length == expected


def test_heads_are_as_wide_as_they_are_told() -> None:
    assert config().head_width == 64
    assert config(head_dim=16).head_width == 16
    assert config().key_value_heads == 4
    assert config(num_key_value_heads=2).key_value_heads == 2


@pytest.mark.parametrize("value", ["two", 0, None, 1.5])
def test_a_number_must_be_one(value: Any) -> None:
    with pytest.raises(ExportError, match="num_hidden_layers is"):
        config(num_hidden_layers=value).number("num_hidden_layers")
    with pytest.raises(ExportError, match="rms_norm_eps is 'small'"):
        config(rms_norm_eps="small").ratio("rms_norm_eps", 1.0)


def test_a_folder_without_a_config_or_with_quantized_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"no config\.json"):
        ModelConfig.read(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(PLAIN))
    assert ModelConfig.read(tmp_path).heads == 4
    (tmp_path / "config.json").write_text(json.dumps(PLAIN | {"quantization_config": {"quant_method": "bitsandbytes"}}))
    with pytest.raises(ExportError, match="bitsandbytes has quantized") as caught:
        ModelConfig.read(tmp_path)
    assert "workbench model quantize" in caught.value.hint
