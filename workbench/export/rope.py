"""Rotary positions: transformers' kinds of scaling in llama.cpp's terms.

Both follow the definitions in transformers' modeling_rope_utils; YaRN is https://arxiv.org/abs/2309.00071.
"""

import math
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

from workbench.errors import ExportError
from workbench.export.files import AGAIN
from workbench.export.model_config import ELSEWHERE, ModelConfig, Settings

_REASONS = {
    "dynamic": "its frequencies change with the length of the text, and llama.cpp's stay as they are",
    "longrope": "its two sets of frequencies change places with the length of the text",
}


def describe_rope(config: ModelConfig, writer: Any, *, factors: bool) -> None:
    """`factors` says whether llama.cpp's graph of this architecture takes `rope_factors`."""
    rope, kind = config.rope, config.rope.values["rope_type"]
    if (share := rope.ratio("partial_rotary_factor")) != 1.0:
        raise ExportError(
            f"{config.path}: {share:.0%} of each head is rotated; llama.cpp rotates all of it in a "
            f"{config.model_class}",
            hint=ELSEWHERE,
        )
    if kind not in ("default", "linear", "llama3", "yarn"):
        reason = _REASONS.get(kind, "llama.cpp has no such scaling here")
        raise ExportError(
            f"{config.path}: rotary scaling {kind!r} cannot be exported: {reason}",
            hint="export takes the rope types default, linear, llama3 and yarn",
        )
    if rope_factors(config) is not None and not factors:
        detail = "Llama 3's scaling" if kind == "llama3" else "YaRN with a range of its own (betas or truncate)"
        raise ExportError(
            f"{config.path}: llama.cpp does not compute {detail} in a {config.model_class}", hint=ELSEWHERE
        )
    writer.add_rope_dimension_count(config.head_width)
    writer.add_rope_freq_base(rope.ratio("rope_theta"))
    if kind == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope.ratio("factor"))
    elif kind == "yarn":
        _describe_yarn(config, writer)


def rope_factors(config: ModelConfig) -> NDArray[np.float32] | None:
    """What each rotary frequency is divided by, where llama.cpp has no name for the scaling: Llama 3's, and YaRN over
    another range than the paper's, of which it does not read the keys."""
    rope = config.rope
    if rope.values["rope_type"] == "llama3":
        return _divisors(_llama3_share(config), rope.ratio("factor"))
    if rope.values["rope_type"] == "yarn" and not _as_in_the_paper(rope):
        return _divisors(_yarn_share(config), _yarn_factor(config))
    return None


def _describe_yarn(config: ModelConfig, writer: Any) -> None:
    factor = _yarn_factor(config)
    attention = _attention_factor(config.rope, factor)
    if _as_in_the_paper(config.rope):
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(factor)
        writer.add_rope_scaling_orig_ctx_len(config.rope.number("original_max_position_embeddings"))
        # Here llama.cpp multiplies by the paper's factor itself; what is told is how far the model is from it.
        attention /= _magnitude(factor, 1.0)
    writer.add_rope_scaling_attn_factors(attention)


def _as_in_the_paper(rope: Settings) -> bool:
    return _betas(rope) == (32.0, 1.0) and rope.values.get("truncate", True) is True


def _betas(rope: Settings) -> tuple[float, float]:
    return rope.ratio("beta_fast", 32.0), rope.ratio("beta_slow", 1.0)


def _yarn_factor(config: ModelConfig) -> float:
    original = config.rope.number("original_max_position_embeddings")
    return config.rope.ratio("factor", config.number("max_position_embeddings") / original)


def _attention_factor(rope: Settings, factor: float) -> float:
    """What cosines and sines are multiplied by: as given, or from one or two magnitudes."""
    if rope.values.get("attention_factor") is not None:
        return rope.ratio("attention_factor")
    if rope.values.get("mscale") and rope.values.get("mscale_all_dim"):
        return _magnitude(factor, rope.ratio("mscale")) / _magnitude(factor, rope.ratio("mscale_all_dim"))
    return _magnitude(factor, 1.0)


def _magnitude(factor: float, share: float) -> float:
    return 1.0 if factor <= 1 else 0.1 * share * math.log(factor) + 1.0


def _divisors(kept: NDArray[np.float64], factor: float) -> NDArray[np.float32]:
    """`kept` is how far each frequency stays what it was: 1 not divided, 0 divided by `factor`."""
    return np.asarray(1.0 / ((1 - kept) / factor + kept), np.float32)


def _llama3_share(config: ModelConfig) -> NDArray[np.float64]:
    """Short waves are kept, long ones divided, smoothly between."""
    rope, width = config.rope, config.head_width
    low, high = rope.ratio("low_freq_factor"), rope.ratio("high_freq_factor")
    if low >= high:
        raise ExportError(
            f"{config.path}: low_freq_factor is {low}, which is not below high_freq_factor, {high}", hint=AGAIN
        )
    frequency = rope.ratio("rope_theta") ** -(np.arange(0, width, 2, dtype=np.float64) / width)
    turns = rope.number("original_max_position_embeddings") * frequency / (2 * math.pi)
    return np.asarray(np.clip((turns - low) / (high - low), 0.0, 1.0))


def _yarn_share(config: ModelConfig) -> NDArray[np.float64]:
    """Kept up to the pair that turns `beta_fast` times in the original context, divided from `beta_slow` on."""
    rope, width = config.rope, config.head_width
    original, theta = rope.number("original_max_position_embeddings"), rope.ratio("rope_theta")
    if theta <= 1:
        raise ExportError(f"{config.path}: rope_theta is {theta}, where YaRN needs more than 1", hint=AGAIN)
    low, high = (width * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(theta)) for turns in _betas(rope))
    if rope.values.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, width - 1)
    ramp = (np.arange(width // 2, dtype=np.float64) - low) / max(high - low, 0.001)
    return np.asarray(1.0 - np.clip(ramp, 0.0, 1.0))
