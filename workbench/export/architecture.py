"""What llama.cpp must be told of a model class: its hyperparameters, and how its tensors are laid out.

Key names follow the GGUF specification (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

from workbench.errors import ExportError
from workbench.records import read_json


@dataclass(frozen=True)
class ModelConfig:
    """A model folder's config.json; `values` keeps every key for what one architecture alone needs."""

    path: Path
    values: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "ModelConfig":
        path = folder / "config.json"
        if not path.is_file():
            raise ExportError(f"{folder} holds no config.json", hint="give the folder that save_pretrained() wrote")
        return cls(path, read_json(path))

    def number(self, name: str) -> int:
        value = self.values.get(name)
        if not isinstance(value, int):
            raise ExportError(f"{self.path}: {name} is {value!r} where a whole number is needed")
        return value

    @property
    def model_class(self) -> str:
        return str((self.values.get("architectures") or [""])[0])

    @property
    def heads(self) -> int:
        return self.number("num_attention_heads")

    @property
    def key_value_heads(self) -> int:
        return int(self.values.get("num_key_value_heads") or self.heads)

    @property
    def head_width(self) -> int:
        return int(self.values.get("head_dim") or self.number("hidden_size") // self.heads)

    @property
    def rope(self) -> dict[str, Any]:
        """Rotary settings under transformers 5's names; older files keep the base beside the scaling."""
        found = dict(self.values.get("rope_parameters") or self.values.get("rope_scaling") or {})
        found.setdefault("rope_theta", self.values.get("rope_theta") or 10000.0)
        found.setdefault("rope_type", found.get("type") or "default")
        return found


@dataclass(frozen=True)
class Architecture:
    """`permuted` projections have rows that llama.cpp wants interleaved; `describe` writes the hyperparameters."""

    name: str
    code: Any
    permuted: tuple[str, ...]
    describe: Callable[[ModelConfig, Any], None]

    def arrange(self, config: ModelConfig, name: str, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """A tensor in llama.cpp's order; only the rotated projections differ."""
        module = name.rpartition(".")[0].rpartition(".")[2]
        if module not in self.permuted:
            return tensor
        heads = config.key_value_heads if module.startswith("k") else config.heads
        return interleave(tensor, heads)

    def extra_tensors(self, config: ModelConfig) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Tensors that the folder does not hold: the rotary factors of Llama 3's scaling."""
        if config.rope["rope_type"] == "llama3":
            yield "rope_freqs.weight", llama3_factors(config)


def architecture_of(config: ModelConfig) -> Architecture:
    """ExportError names what is supported."""
    if config.model_class not in ARCHITECTURES:
        raise ExportError(
            f"{config.path}: {config.model_class or 'a model without a class name'} cannot be exported",
            hint=f"export takes {', '.join(ARCHITECTURES)}",
        )
    return ARCHITECTURES[config.model_class]


def interleave(tensor: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows of each head from split halves (transformers' rotary order) to pairs (llama.cpp's); also for biases."""
    halves = tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, *tensor.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(tensor.shape)


def llama3_factors(config: ModelConfig) -> NDArray[np.float32]:
    """What each rotary frequency is divided by: 1 for short waves, `factor` for long ones, smooth between."""
    rope = config.rope
    width = config.head_width
    frequency = rope["rope_theta"] ** -(np.arange(0, width, 2, dtype=np.float64) / width)
    turns = rope["original_max_position_embeddings"] * frequency / (2 * math.pi)
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    smooth = np.clip((turns - low) / (high - low), 0.0, 1.0)
    return np.asarray(1.0 / ((1 - smooth) / rope["factor"] + smooth), np.float32)


def _describe_llama(config: ModelConfig, writer: Any) -> None:
    if config.values.get("hidden_act", "silu") != "silu":
        raise ExportError(f"{config.path}: llama.cpp's llama computes silu, not {config.values['hidden_act']}")
    writer.add_block_count(config.number("num_hidden_layers"))
    writer.add_context_length(config.number("max_position_embeddings"))
    writer.add_embedding_length(config.number("hidden_size"))
    writer.add_feed_forward_length(config.number("intermediate_size"))
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.key_value_heads)
    writer.add_key_length(config.head_width)
    writer.add_value_length(config.head_width)
    writer.add_layer_norm_rms_eps(float(config.values.get("rms_norm_eps", 1e-6)))
    writer.add_vocab_size(config.number("vocab_size"))
    _describe_rope(config, writer)


def _describe_rope(config: ModelConfig, writer: Any) -> None:
    rope = config.rope
    writer.add_rope_dimension_count(config.head_width)
    writer.add_rope_freq_base(float(rope["rope_theta"]))
    kind = rope["rope_type"]
    if kind == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(float(rope["factor"]))
    elif kind not in ("default", "llama3"):
        raise ExportError(f"{config.path}: rotary scaling {kind!r} is not default, linear or llama3")


ARCHITECTURES = {
    "LlamaForCausalLM": Architecture("llama", gguf.MODEL_ARCH.LLAMA, ("q_proj", "k_proj"), _describe_llama),
}
