"""The tensors of a Hugging Face folder, one at a time, straight from its safetensors files.

Format: eight bytes of little-endian header length, a JSON header of names, types, shapes and offsets, then the numbers
(https://huggingface.co/docs/safetensors). Read here so that bfloat16 needs no torch and memory stays at one tensor.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import ExportError
from workbench.records import read_json

_TYPES: dict[str, Any] = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16, "F64": np.float64}
_LONGEST_HEADER = 100 << 20


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where a tensor lies; `offset` counts from the start of its file."""

    path: Path
    dtype: str
    shape: tuple[int, ...]
    offset: int

    def read(self) -> NDArray[np.float32]:
        """The numbers in float32, whatever they are stored in."""
        count = math.prod(self.shape)
        if not count:
            return np.zeros(self.shape, np.float32)
        stored = np.memmap(self.path, dtype=_TYPES[self.dtype], mode="r", offset=self.offset, shape=(count,))
        if self.dtype == "BF16":
            # A bfloat16 is the upper half of a float32.
            return (stored.astype(np.uint32) << 16).view(np.float32).reshape(self.shape)
        return stored.astype(np.float32).reshape(self.shape)


def read_tensors(folder: Path) -> dict[str, StoredTensor]:
    """Every tensor of `model.safetensors` or of the shards that its index names, sorted by name."""
    found: dict[str, StoredTensor] = {}
    for path in _files(folder):
        found |= _header(path)
    return dict(sorted(found.items()))


def _files(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        return [folder / name for name in sorted(set(read_json(index)["weight_map"].values()))]
    single = folder / "model.safetensors"
    if single.is_file():
        return [single]
    raise ExportError(
        f"{folder} holds no model.safetensors",
        hint="export takes a Hugging Face model folder in safetensors format; save_pretrained() writes one",
    )


def _header(path: Path) -> dict[str, StoredTensor]:
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            entries = json.loads(file.read(length)) if 0 < length < _LONGEST_HEADER else None
    except FileNotFoundError as error:
        raise ExportError(f"{path} is named by the model's index but is not there") from error
    except ValueError as error:
        raise ExportError(f"{path}: its header is not JSON, so it is no safetensors file") from error
    if not isinstance(entries, dict):
        raise ExportError(f"{path}: its header is empty or too long, so it is no safetensors file")
    entries.pop("__metadata__", None)
    start, size = 8 + length, path.stat().st_size
    return {name: _tensor(path, name, entry, (start, size)) for name, entry in entries.items()}


def _tensor(path: Path, name: str, entry: dict[str, Any], bounds: tuple[int, int]) -> StoredTensor:
    if entry["dtype"] not in _TYPES:
        raise ExportError(f"{path}: {name} is stored as {entry['dtype']}, not one of {', '.join(_TYPES)}")
    start, size = bounds
    begin, end = entry["data_offsets"]
    if start + end > size:
        raise ExportError(f"{path}: it ends before {name} does", hint="copy or download the file again")
    return StoredTensor(path, entry["dtype"], tuple(entry["shape"]), start + begin)
