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
from workbench.export.files import AGAIN, checked, read_as
from workbench.export.forms import Shards, StoredEntry

_TYPES: dict[str, Any] = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16, "F64": np.float64}
_LONGEST_HEADER = 100 << 20


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
            raise ExportError(f"{self.path}: it ends before it should", hint=AGAIN)
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
        names = sorted(set(read_as(index, Shards)["weight_map"].values()))
        if away := [name for name in names if name != Path(name).name or "\0" in name]:
            raise ExportError(f"{index}: {away[0]!r} is no file beside it", hint=AGAIN)
        return [folder / name for name in names]
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
    except OSError as error:
        raise ExportError(f"{path} is named by the model's index, but: {error.strerror}", hint=AGAIN) from error
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{path}: its header is not JSON, so it is no safetensors file", hint=AGAIN) from error
    if not isinstance(entries, dict):
        raise ExportError(f"{path}: its header is empty or too long, so it is no safetensors file", hint=AGAIN)
    entries.pop("__metadata__", None)
    start, size = 8 + length, path.stat().st_size
    forms = checked(path, entries, dict[str, StoredEntry])
    return {name: _tensor(path, name, entry, (start, size)) for name, entry in forms.items()}


def _tensor(path: Path, name: str, entry: StoredEntry, bounds: tuple[int, int]) -> StoredTensor:
    if entry["dtype"] not in _TYPES:
        raise ExportError(
            f"{path}: {name} is stored as {entry['dtype']}, not one of {', '.join(_TYPES)}",
            hint="export the folder that these weights were made from, before anything quantized them",
        )
    start, size = bounds
    begin, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    if start + end > size:
        raise ExportError(f"{path}: it ends before {name} does", hint=AGAIN)
    if end - begin != math.prod(shape) * np.dtype(_TYPES[entry["dtype"]]).itemsize:
        raise ExportError(f"{path}: {name} has {end - begin} bytes, which are not its shape {shape}", hint=AGAIN)
    return StoredTensor(path, entry["dtype"], shape, start + begin)
