"""What a model folder's config.json says, under the names of older and newer versions of transformers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from workbench.errors import ExportError
from workbench.export.files import AGAIN, read_as
from workbench.export.forms import ModelSettings

# Where llama.cpp computes something else.
ELSEWHERE = "transformers runs such a model from its folder: workbench model chat --model FOLDER"
_LARGEST = (1 << 31) - 1


@dataclass(frozen=True)
class Settings:
    """Values by their names; `path` is the file that they stand in, `part` what is written before a name in messages.

    ExportError for what is no such number.
    """

    path: Path
    values: dict[str, Any]
    part: str = ""

    def number(self, name: str, default: int | None = None) -> int:
        """Whole, above 0, and of four bytes; `default` where there is none."""
        value = default if self.values.get(name) is None else self.values[name]
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _LARGEST:
            raise self._refused(name, value, "a whole number above 0 is needed")
        return value

    def ratio(self, name: str, default: float | None = None) -> float:
        """Above 0 also as a float of four bytes, which is what a GGUF file holds."""
        value = default if self.values.get(name) is None else self.values[name]
        if not isinstance(value, int | float) or isinstance(value, bool) or not _single(value):
            raise self._refused(name, value, "a number above 0 is needed")
        return float(value)

    def _refused(self, name: str, value: Any, needed: str) -> ExportError:
        return ExportError(f"{self.path}: {self.part}{name} is {value!r:.60} where {needed}", hint=AGAIN)


@dataclass(frozen=True)
class ModelConfig(Settings):
    """`values` keeps every key for what one architecture alone needs."""

    @classmethod
    def read(cls, folder: Path) -> "ModelConfig":
        """ExportError for a folder without one, and for weights that are quantized already."""
        path = folder / "config.json"
        if not path.is_file():
            raise ExportError(f"{folder} holds no config.json", hint="give the folder that save_pretrained() wrote")
        config = cls(path, cast(dict[str, Any], read_as(path, ModelSettings)))
        if quantized := config.values.get("quantization_config"):
            raise ExportError(
                f"{folder} holds weights that {quantized.get('quant_method', 'something')} has quantized",
                hint="export the folder that they were made from (an adapter's base, for one), then make the file "
                "small with workbench model quantize",
            )
        return config

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
        found = self.number("num_key_value_heads", self.heads)
        if self.heads % found:
            raise ExportError(f"{self.path}: {self.heads} heads cannot share the keys of {found}", hint=AGAIN)
        return found

    @property
    def head_width(self) -> int:
        given = self.values.get("head_dim") is not None
        found = self.number("head_dim") if given else self.number("hidden_size") // self.heads
        if not found or found % 2:
            raise ExportError(f"{self.path}: heads of {found} numbers have no halves to rotate", hint=AGAIN)
        return found

    @property
    def tied(self) -> bool:
        """Whether the embeddings are the head as well; every class here says no where its config says nothing."""
        return bool(self.values.get("tie_word_embeddings"))

    @property
    def rope(self) -> Settings:
        """Rotary settings; older files keep the base and the rotated share beside the scaling."""
        found = dict(self.values.get("rope_parameters") or self.values.get("rope_scaling") or {})
        found.setdefault("rope_theta", self.ratio("rope_theta", 10000.0))
        found.setdefault("rope_type", found.get("type") or "default")
        found.setdefault("partial_rotary_factor", self.ratio("partial_rotary_factor", 1.0))
        return Settings(self.path, found, f"{found['rope_type']} scaling: ")

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
        return (
            bool(self.values.get("use_sliding_window"))
            and (28 if self.values.get("max_window_layers") is None else self.values["max_window_layers"]) < self.layers
        )


def _single(value: float) -> bool:
    try:
        with np.errstate(over="ignore", under="ignore"):
            return bool(0 < np.float32(value) < np.inf)
    except OverflowError:
        return False
