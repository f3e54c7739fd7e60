"""What a model folder's config.json says, under the names of older and newer versions of transformers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import ExportError
from workbench.export.files import read_object


@dataclass(frozen=True)
class ModelConfig:
    """`values` keeps every key for what one architecture alone needs."""

    path: Path
    values: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "ModelConfig":
        """ExportError for a folder without one, and for weights that are quantized already."""
        path = folder / "config.json"
        if not path.is_file():
            raise ExportError(f"{folder} holds no config.json", hint="give the folder that save_pretrained() wrote")
        config = cls(path, read_object(path))
        if quantized := config.values.get("quantization_config"):
            raise ExportError(
                f"{folder} holds weights that {quantized.get('quant_method', 'something')} has quantized",
                hint="export the folder that they were made from (an adapter's base, for one), then make the file "
                "small with workbench model quantize",
            )
        return config

    def number(self, name: str) -> int:
        value = self.values.get(name)
        if not isinstance(value, int) or value < 1:
            raise ExportError(f"{self.path}: {name} is {value!r} where a whole number above 0 is needed")
        return value

    def ratio(self, name: str, default: float) -> float:
        value = self.values.get(name, default)
        if not isinstance(value, int | float):
            raise ExportError(f"{self.path}: {name} is {value!r} where a number is needed")
        return float(value)

    @property
    def model_class(self) -> str:
        return str((self.values.get("architectures") or [""])[0])

    @property
    def layers(self) -> int:
        return self.number("num_hidden_layers")

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
    def tied(self) -> bool:
        """Whether the embeddings are the head as well; every class here says no where its config says nothing."""
        return bool(self.values.get("tie_word_embeddings"))

    @property
    def rope(self) -> dict[str, Any]:
        """Rotary settings; older files keep the base and the rotated share beside the scaling."""
        found = dict(self.values.get("rope_parameters") or self.values.get("rope_scaling") or {})
        found.setdefault("rope_theta", self.values.get("rope_theta") or 10000.0)
        found.setdefault("rope_type", found.get("type") or "default")
        found.setdefault("partial_rotary_factor", self.values.get("partial_rotary_factor") or 1.0)
        return found

    @property
    def context_length(self) -> int:
        """Positions for which llama.cpp computes what transformers does: it looks at everything that came before, so
        that where a layer sees a sliding window only, the two agree up to the window's length."""
        longest = self.number("max_position_embeddings")
        return min(longest, self.number("sliding_window")) if self._slides else longest

    @property
    def _slides(self) -> bool:
        """Mistral's layers all have a window where there is one, Qwen's where they are told so; Llama's never."""
        if not self.values.get("sliding_window") or self.model_class == "MistralForCausalLM":
            return bool(self.values.get("sliding_window"))
        if "layer_types" in self.values:
            return "sliding_attention" in (self.values["layer_types"] or ())
        return bool(self.values.get("use_sliding_window")) and self.values.get("max_window_layers", 28) < self.layers
