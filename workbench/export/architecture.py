"""What llama.cpp must be told of a model class: its hyperparameters, its tensors, and how their rows are ordered.

Key names follow the GGUF specification (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

from workbench.errors import ExportError
from workbench.export.model_config import ELSEWHERE, ModelConfig
from workbench.export.rope import describe_rope, rope_factors

_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_MLP = ("gate_proj", "up_proj", "down_proj")
_ROTATED = ("q_proj", "k_proj")

Biases = Callable[[ModelConfig], tuple[str, ...]]


@dataclass(frozen=True)
class Architecture:
    """`rotated` projections have rows that llama.cpp wants interleaved; `biases` names the projections that the model
    adds a bias to, `biased` those of which llama.cpp takes one; `head_norms` are norms over each head; `scales` are
    the config's multipliers, each with the writer's name for it; `factors` see `describe_rope`."""

    name: str
    code: Any
    biases: Biases
    rotated: tuple[str, ...] = ()
    biased: tuple[str, ...] = _ATTENTION + _MLP
    head_norms: tuple[str, ...] = ()
    scales: Mapping[str, str] | None = None
    factors: bool = False

    def describe(self, config: ModelConfig, writer: Any) -> None:
        """Writes the hyperparameters; ExportError for what llama.cpp would compute differently."""
        if (activation := config.values.get("hidden_act", "silu")) != "silu":
            raise ExportError(f"{config.path}: llama.cpp's {self.name} computes silu, not {activation}", hint=ELSEWHERE)
        writer.add_block_count(config.layers)
        writer.add_context_length(config.context_length)
        writer.add_embedding_length(config.number("hidden_size"))
        writer.add_feed_forward_length(config.number("intermediate_size"))
        writer.add_head_count(config.heads)
        writer.add_head_count_kv(config.key_value_heads)
        writer.add_key_length(config.head_width)
        writer.add_value_length(config.head_width)
        writer.add_layer_norm_rms_eps(config.ratio("rms_norm_eps", 1e-6))
        writer.add_vocab_size(config.number("vocab_size"))
        for name, key in (self.scales or {}).items():
            getattr(writer, f"add_{key}")(config.ratio(name, 1.0))
        describe_rope(config, writer, factors=self.factors)

    def tensors(self, config: ModelConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The name and shape of every tensor that the folder must hold."""
        hidden, vocabulary = config.number("hidden_size"), config.number("vocab_size")
        biases = self._checked_biases(config)
        yield "model.embed_tokens.weight", (vocabulary, hidden)
        yield "model.norm.weight", (hidden,)
        if not config.tied:
            yield "lm_head.weight", (vocabulary, hidden)
        for layer in (f"model.layers.{number}." for number in range(config.layers)):
            yield f"{layer}input_layernorm.weight", (hidden,)
            yield f"{layer}post_attention_layernorm.weight", (hidden,)
            yield from ((f"{layer}self_attn.{norm}.weight", (config.head_width,)) for norm in self.head_norms)
            for name, shape in _projections(config).items():
                yield f"{layer}{name}.weight", shape
                if name.rpartition(".")[2] in biases:
                    yield f"{layer}{name}.bias", shape[:1]

    def _checked_biases(self, config: ModelConfig) -> tuple[str, ...]:
        biases = self.biases(config)
        if lost := [name for name in biases if name not in self.biased]:
            raise ExportError(
                f"{config.path}: llama.cpp's {self.name} adds no bias to {', '.join(lost)}", hint=ELSEWHERE
            )
        return biases

    def names(self, config: ModelConfig) -> Callable[[str], str]:
        """From transformers' name of a tensor to llama.cpp's."""
        table = gguf.get_tensor_name_map(self.code, config.layers)
        return lambda name: str(table.get_name(name, try_suffixes=(".weight", ".bias")))

    def head_rows(self, config: ModelConfig, name: str) -> int:
        """Rows of one head where `arrange` must reorder them; 0 where they stay as they are."""
        module = name.rpartition(".")[0].rpartition(".")[2]
        return config.head_width if module in self.rotated else 0

    def extra_tensors(self, config: ModelConfig) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Tensors that the folder does not hold."""
        if (factors := rope_factors(config)) is not None:
            yield "rope_freqs.weight", factors


def architecture_of(config: ModelConfig) -> Architecture:
    """ExportError names what is supported."""
    if config.model_class not in ARCHITECTURES:
        raise ExportError(
            f"{config.path}: {config.model_class or 'a model without a class name'} cannot be exported",
            hint=f"export takes {', '.join(ARCHITECTURES)}",
        )
    return ARCHITECTURES[config.model_class]


def interleave(rows: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Rows of each head of `width` from split halves (transformers' rotary order) to pairs (llama.cpp's); also for
    biases. Any number of whole heads."""
    halves = rows.reshape(-1, 2, width // 2, *rows.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(rows.shape)


def _projections(config: ModelConfig) -> dict[str, tuple[int, int]]:
    """Rows and columns of the matrices of one layer."""
    hidden, inner = config.number("hidden_size"), config.number("intermediate_size")
    queries, keys = config.heads * config.head_width, config.key_value_heads * config.head_width
    return {
        "self_attn.q_proj": (queries, hidden),
        "self_attn.k_proj": (keys, hidden),
        "self_attn.v_proj": (keys, hidden),
        "self_attn.o_proj": (hidden, queries),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
    }


def _as_configured(config: ModelConfig) -> tuple[str, ...]:
    attention = _ATTENTION if config.values.get("attention_bias") else ()
    return attention + (_MLP if config.values.get("mlp_bias") else ())


def _no_biases(_: ModelConfig) -> tuple[str, ...]:
    return ()


def _three_biases(_: ModelConfig) -> tuple[str, ...]:
    return _ATTENTION[:3]


_GRANITE_SCALES = {
    "attention_multiplier": "attention_scale",
    "embedding_multiplier": "embedding_scale",
    "residual_multiplier": "residual_scale",
    "logits_scaling": "logit_scale",
}
_CODES = gguf.MODEL_ARCH
ARCHITECTURES = {
    "LlamaForCausalLM": Architecture("llama", _CODES.LLAMA, _as_configured, _ROTATED, factors=True),
    "MistralForCausalLM": Architecture("llama", _CODES.LLAMA, _no_biases, _ROTATED, factors=True),
    "GraniteForCausalLM": Architecture(
        "granite", _CODES.GRANITE, _as_configured, _ROTATED, scales=_GRANITE_SCALES, factors=True
    ),
    "Qwen2ForCausalLM": Architecture("qwen2", _CODES.QWEN2, _three_biases, biased=_ATTENTION[:3]),
    "Qwen3ForCausalLM": Architecture(
        "qwen3", _CODES.QWEN3, _as_configured, biased=_ATTENTION[:3], head_norms=("q_norm", "k_norm")
    ),
}
