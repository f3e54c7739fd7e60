"""The tensors of a Hugging Face folder, a few rows at a time, straight from its safetensors files.

Format: eight bytes of little-endian header length, a JSON header of names, types, shapes and offsets, then the numbers
(https://huggingface.co/docs/safetensors). Read here so that bfloat16 needs no torch and memory stays at a few rows.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from workbench.errors import ExportError
from workbench.export.files import read_object

_TYPES: dict[str, Any] = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16, "F64": np.float64}
_LONGEST_HEADER = 100 << 20
_AGAIN = "copy or download the file again"


class Tensor(Protocol):
    """A tensor whose rows (along its first dimension) are read or computed when they are asked for."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def read(self, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        """Rows from `start` up to `stop`, or to the end."""
        ...


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where a tensor lies; `offset` counts from the start of its file."""

    path: Path
    dtype: str
    shape: tuple[int, ...]
    offset: int

    def read(self, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        """The numbers in float32, whatever they are stored in; memory is that of the rows."""
        first, last, _ = slice(start, stop).indices(self.shape[0])
        row, kind = math.prod(self.shape[1:]), np.dtype(_TYPES[self.dtype])
        count = (last - first) * row
        stored = np.fromfile(self.path, kind, count, offset=self.offset + first * row * kind.itemsize)
        if stored.size < count:
            raise ExportError(f"{self.path}: it ends before it should", hint=_AGAIN)
        if self.dtype == "BF16":
            # A bfloat16 is the upper half of a float32.
            widened = stored.astype(np.uint32)
            widened <<= 16
            stored = widened.view(np.float32)
        return stored.astype(np.float32, copy=False).reshape(last - first, *self.shape[1:])


def read_tensors(folder: Path, stem: str = "model") -> dict[str, StoredTensor]:
    """Every tensor of `model.safetensors` or of the shards that its index names, sorted by name."""
    found: dict[str, StoredTensor] = {}
    for path in _files(folder, stem):
        found |= _header(path)
    return dict(sorted(found.items()))


def _files(folder: Path, stem: str) -> list[Path]:
    index = folder / f"{stem}.safetensors.index.json"
    if index.is_file():
        shards = read_object(index).get("weight_map")
        if not isinstance(shards, dict):
            raise ExportError(f"{index}: it has no weight_map, which names the file of each tensor", hint=_AGAIN)
        return [folder / name for name in sorted(set(map(str, shards.values())))]
    single = folder / f"{stem}.safetensors"
    if single.is_file():
        return [single]
    raise ExportError(
        f"{folder} holds no {single.name}",
        hint="export takes a Hugging Face model folder in safetensors format; save_pretrained() writes one",
    )


def _header(path: Path) -> dict[str, StoredTensor]:
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            entries = json.loads(file.read(length)) if 0 < length < _LONGEST_HEADER else None
    except FileNotFoundError as error:
        raise ExportError(f"{path} is named by the model's index but is not there", hint=_AGAIN) from error
    except ValueError as error:
        raise ExportError(f"{path}: its header is not JSON, so it is no safetensors file", hint=_AGAIN) from error
    if not isinstance(entries, dict):
        raise ExportError(f"{path}: its header is empty or too long, so it is no safetensors file", hint=_AGAIN)
    entries.pop("__metadata__", None)
    start, size = 8 + length, path.stat().st_size
    return {name: _tensor(path, name, entry, (start, size)) for name, entry in entries.items()}


def _tensor(path: Path, name: str, entry: Any, bounds: tuple[int, int]) -> StoredTensor:
    if not isinstance(entry, dict) or not entry.keys() >= {"dtype", "shape", "data_offsets"}:
        raise ExportError(f"{path}: its header does not say where {name} lies", hint=_AGAIN)
    if entry["dtype"] not in _TYPES:
        raise ExportError(
            f"{path}: {name} is stored as {entry['dtype']}, not one of {', '.join(_TYPES)}",
            hint="export the folder that these weights were made from, before anything quantized them",
        )
    start, size = bounds
    begin, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    if start + end > size:
        raise ExportError(f"{path}: it ends before {name} does", hint=_AGAIN)
    if end - begin != math.prod(shape) * np.dtype(_TYPES[entry["dtype"]]).itemsize:
        raise ExportError(f"{path}: {name} has {end - begin} bytes, which are not its shape {shape}", hint=_AGAIN)
    return StoredTensor(path, entry["dtype"], shape, start + begin)
