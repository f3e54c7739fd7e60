"""Rotary positions: transformers' kinds of scaling in llama.cpp's terms.

Both follow the definitions in transformers' modeling_rope_utils; YaRN is https://arxiv.org/abs/2309.00071.
"""

import math
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

from workbench.errors import ExportError
from workbench.export.model_config import ModelConfig

_REASONS = {
    "dynamic": "its frequencies change with the length of the text, and llama.cpp's stay as they are",
    "longrope": "its two sets of frequencies change places with the length of the text",
}


def describe_rope(config: ModelConfig, writer: Any, *, factors: bool) -> None:
    """`factors` says whether llama.cpp's graph of this architecture takes `rope_factors`."""
    rope, kind = config.rope, config.rope["rope_type"]
    if rope["partial_rotary_factor"] != 1.0:
        raise ExportError(
            f"{config.path}: only {rope['partial_rotary_factor']:.0%} of each head is rotated; llama.cpp rotates all "
            f"of it in a {config.model_class}"
        )
    if kind not in ("default", "linear", "llama3", "yarn"):
        reason = _REASONS.get(kind, "llama.cpp has no such scaling here")
        raise ExportError(
            f"{config.path}: rotary scaling {kind!r} cannot be exported: {reason}",
            hint="export takes the rope types default, linear, llama3 and yarn",
        )
    if rope_factors(config) is not None and not factors:
        detail = "Llama 3's scaling" if kind == "llama3" else "YaRN with a range of its own (betas or truncate)"
        raise ExportError(f"{config.path}: llama.cpp does not compute {detail} in a {config.model_class}")
    writer.add_rope_dimension_count(config.head_width)
    writer.add_rope_freq_base(float(rope["rope_theta"]))
    if kind == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(_needed(config, "factor"))
    elif kind == "yarn":
        _describe_yarn(config, writer)


def rope_factors(config: ModelConfig) -> NDArray[np.float32] | None:
    """What each rotary frequency is divided by, where llama.cpp has no name for the scaling: Llama 3's, and YaRN over
    another range than the paper's, of which it does not read the keys."""
    rope = config.rope
    if rope["rope_type"] == "llama3":
        return _divisors(_llama3_share(config), _needed(config, "factor"))
    if rope["rope_type"] == "yarn" and not _as_in_the_paper(rope):
        return _divisors(_yarn_share(config), _yarn_factor(config))
    return None


def _describe_yarn(config: ModelConfig, writer: Any) -> None:
    factor = _yarn_factor(config)
    attention = _attention_factor(config.rope, factor)
    if _as_in_the_paper(config.rope):
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(factor)
        writer.add_rope_scaling_orig_ctx_len(int(_needed(config, "original_max_position_embeddings")))
        # Here llama.cpp multiplies by the paper's factor itself; what is told is how far the model is from it.
        attention /= _magnitude(factor, 1.0)
    writer.add_rope_scaling_attn_factors(attention)


def _as_in_the_paper(rope: dict[str, Any]) -> bool:
    return _betas(rope) == (32.0, 1.0) and rope.get("truncate", True) is True


def _betas(rope: dict[str, Any]) -> tuple[float, float]:
    return float(rope.get("beta_fast") or 32), float(rope.get("beta_slow") or 1)


def _yarn_factor(config: ModelConfig) -> float:
    original = _needed(config, "original_max_position_embeddings")
    return float(config.rope.get("factor") or config.number("max_position_embeddings") / original)


def _attention_factor(rope: dict[str, Any], factor: float) -> float:
    """What cosines and sines are multiplied by: as given, or from one or two magnitudes."""
    if rope.get("attention_factor") is not None:
        return float(rope["attention_factor"])
    if rope.get("mscale") and rope.get("mscale_all_dim"):
        return _magnitude(factor, rope["mscale"]) / _magnitude(factor, rope["mscale_all_dim"])
    return _magnitude(factor, 1.0)


def _magnitude(factor: float, share: float) -> float:
    return 1.0 if factor <= 1 else 0.1 * share * math.log(factor) + 1.0


def _divisors(kept: NDArray[np.float64], factor: float) -> NDArray[np.float32]:
    """`kept` is how far each frequency stays what it was: 1 not divided, 0 divided by `factor`."""
    return np.asarray(1.0 / ((1 - kept) / factor + kept), np.float32)


def _llama3_share(config: ModelConfig) -> NDArray[np.float64]:
    """Short waves are kept, long ones divided, smoothly between."""
    low, high = _needed(config, "low_freq_factor"), _needed(config, "high_freq_factor")
    width = config.head_width
    frequency = float(config.rope["rope_theta"]) ** -(np.arange(0, width, 2, dtype=np.float64) / width)
    turns = _needed(config, "original_max_position_embeddings") * frequency / (2 * math.pi)
    return np.asarray(np.clip((turns - low) / (high - low), 0.0, 1.0))


def _yarn_share(config: ModelConfig) -> NDArray[np.float64]:
    """Kept up to the pair that turns `beta_fast` times in the original context, divided from `beta_slow` on."""
    rope, width = config.rope, config.head_width
    original = _needed(config, "original_max_position_embeddings")
    low, high = (
        width * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(rope["rope_theta"]))
        for turns in _betas(rope)
    )
    if rope.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, width - 1)
    ramp = (np.arange(width // 2, dtype=np.float64) - low) / max(high - low, 0.001)
    return np.asarray(1.0 - np.clip(ramp, 0.0, 1.0))


def _needed(config: ModelConfig, name: str) -> float:
    value = config.rope.get(name)
    if not isinstance(value, int | float):
        raise ExportError(f"{config.path}: {config.rope['rope_type']} scaling needs a number for {name}, not {value!r}")
    return float(value)
