"""Low-rank adapters (peft's folders) merged into the tensors of their base, a few rows at a time.

A matrix W becomes W + s B A, with s = alpha / r, or alpha / sqrt(r) with rank-stabilised scaling
(https://arxiv.org/abs/2106.09685, https://arxiv.org/abs/2312.03732); file and key names are peft's.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.errors import ExportError
from workbench.export.checkpoint import StoredTensor, Tensor, read_tensors
from workbench.export.files import AGAIN, read_as
from workbench.export.forms import AdapterSettings

_CONFIG = "adapter_config.json"
_PREFIX = "base_model.model."
_DOWN, _UP = ".lora_A.weight", ".lora_B.weight"
_EMBEDDING_DOWN, _EMBEDDING_UP = ".lora_embedding_A", ".lora_embedding_B"
_MERGE = "merge it with peft's merge_and_unload(), save that model, and export its folder"


def is_adapter(folder: Path) -> bool:
    return (folder / _CONFIG).is_file()


@dataclass(frozen=True)
class Adapter:
    """`tensors` have the names of the base's modules in front."""

    folder: Path
    values: AdapterSettings
    tensors: dict[str, StoredTensor]

    @classmethod
    def read(cls, folder: Path) -> "Adapter":
        """ExportError for kinds of adapters that are more than a product added to a matrix."""
        values = read_as(folder / _CONFIG, AdapterSettings)
        if values.get("peft_type") != "LORA" or values.get("use_dora"):
            kind = "DoRA" if values.get("use_dora") else values.get("peft_type")
            raise ExportError(f"{folder} is an adapter of the kind {kind}, not plain LoRA", hint=_MERGE)
        found = read_tensors(folder, "adapter_model")
        return cls(folder, values, {_module(name): tensor for name, tensor in found.items()})

    def base(self, given: Path | None) -> Path:
        """The folder of the model that it was trained on: as given, or as its config says."""
        named = str(self.values.get("base_model_name_or_path") or "")
        candidates = [given] if given else [Path(named).expanduser(), self.folder / named] if named else []
        for folder in candidates:
            if (folder / "config.json").is_file() and not is_adapter(folder):
                return folder
        missing = given or named or "(none is named)"
        raise ExportError(
            f"{self.folder} is an adapter, and its base {missing} is not a model folder here",
            hint=f"say where it is: workbench model export {self.folder} --adapter-base FOLDER",
        )

    def merged(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The base's tensors, with those that the adapter changes or replaces in their place.

        ExportError where a shape does not fit, or the adapter has something for a module that the base has not.
        """
        left = dict(self.tensors)
        found: dict[str, Tensor] = dict(tensors)
        # Whole modules first: an embedding that grew is saved beside the change to it.
        found |= {name: left.pop(name) for name in [*left] if "lora_" not in name and name in tensors}
        for name, tensor in found.items():
            if parts := self._parts(left, name.removesuffix(".weight")):
                found[name] = self._product(name, tensor, parts)
        if left:
            raise ExportError(
                f"{self.folder}: {next(iter(left))} belongs to nothing that its base holds",
                hint=f"give the base that it was trained on with --adapter-base FOLDER, or {_MERGE}",
            )
        return found

    def _parts(self, left: dict[str, StoredTensor], module: str) -> "tuple[StoredTensor, StoredTensor, bool] | None":
        """Both factors of one module, and whether it is an embedding, whose product is stored the other way round."""
        for down, up, embedding in ((_DOWN, _UP, False), (_EMBEDDING_DOWN, _EMBEDDING_UP, True)):
            if module + down in left and module + up in left:
                return left.pop(module + down), left.pop(module + up), embedding
        return None

    def _product(self, name: str, base: Tensor, parts: tuple[StoredTensor, StoredTensor, bool]) -> "MergedTensor":
        down, up, embedding = parts
        if len(down.shape) != 2 or len(up.shape) != 2 or not down.shape[0]:
            raise ExportError(f"{self.folder}: its factors of {name} are {up.shape} and {down.shape}", hint=AGAIN)
        change = (down.shape[1], up.shape[0]) if embedding else (up.shape[0], down.shape[1])
        if up.shape[1] != down.shape[0] or change != base.shape:
            raise ExportError(
                f"{self.folder}: its change of {name} is {change}, but its base has {base.shape} there",
                hint=f"give its own base: workbench model export {self.folder} --adapter-base FOLDER",
            )
        return MergedTensor(base, down, up, self._scale(name.removesuffix(".weight"), down.shape[0]), embedding)

    def _scale(self, module: str, rank: int) -> float:
        alpha = self.values.get("lora_alpha") or 8
        for pattern, value in (self.values.get("alpha_pattern") or {}).items():
            if self._matches(pattern, module):
                alpha = value
                break
        return float(alpha / (math.sqrt(rank) if self.values.get("use_rslora") else rank))

    def _matches(self, pattern: str, module: str) -> bool:
        try:
            return re.match(rf"(.*\.)?({pattern})$", module) is not None
        except re.error as error:
            raise ExportError(f"{self.folder / _CONFIG}: alpha_pattern: {pattern!r}: {error}", hint=AGAIN) from error


@dataclass(frozen=True)
class MergedTensor:
    """A base matrix with an adapter's product added when its rows are read."""

    base: Tensor
    down: StoredTensor
    up: StoredTensor
    scale: float
    embedding: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return self.base.shape

    def read(self, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        if self.embedding:
            change = self.down.read()[:, start:stop].T @ self.up.read().T
        else:
            change = self.up.read(start, stop) @ self.down.read()
        return self.base.read(start, stop) + np.float32(self.scale) * change


def _module(name: str) -> str:
    """A tensor's name in the base; an adapted embedding that was saved whole has its layer's own name within."""
    return name.removeprefix(_PREFIX).replace(".base_layer.", ".")
