"""A Hugging Face folder as one GGUF file, written a few rows at a time."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import gguf
import numpy as np
from numpy.typing import NDArray

from workbench.errors import ExportError
from workbench.export.architecture import interleave
from workbench.export.checkpoint import Tensor
from workbench.export.files import appearing, check_room
from workbench.export.model_folder import ModelFolder
from workbench.export.options import OUTTYPES, Tell
from workbench.export.vocabulary import Vocabulary

Block = gguf.GGMLQuantizationType
_PLAIN = {Block.F32: np.float32, Block.F16: np.float16}
_AT_ONCE = 1 << 20  # numbers; the quantizers need a few times the memory of what they are given
_TOKEN_BYTES = 64  # what one token takes at the most, roughly, to see whether the file will fit


def export_gguf(
    folder: Path, out: Path, outtype: str = "F16", base: Path | None = None, tell: Tell | None = None
) -> Path:
    """Peak memory is a few megabytes above the tokenizer's, whatever the model's size; equal folders give equal bytes;
    a failure leaves no file behind.

    `folder` is a model's or an adapter's, whose `base` may lie elsewhere than it says. `outtype` is one of OUTTYPES
    and holds for matrices; norms, biases and rotary factors stay F32. ExportError for a model class, tokenizer or
    tensor that llama.cpp would not read as transformers does, for numbers that `outtype` cannot hold, and for a full
    disk; what stays different in texts of some kinds is told.
    """
    if outtype not in OUTTYPES:
        raise ExportError(f"there is no outtype {outtype!r}", hint=f"it is one of {', '.join(OUTTYPES)}")
    model = ModelFolder.read(folder, base)
    vocabulary = Vocabulary.read(model.tokenizer, model.config)
    entries = [*_entries(model, Block[outtype])]
    check_room(out, sum(entry.size for entry in entries) + _TOKEN_BYTES * len(vocabulary.tokens))
    if tell and vocabulary.different:
        tell(f"{model.tokenizer / 'tokenizer.json'}: {vocabulary.different}")
    with appearing(out) as temporary:
        with closing(gguf.GGUFWriter(temporary, model.architecture.name)) as writer:
            _describe(writer, model, outtype)
            vocabulary.write(writer)
            _write_header(writer, entries)
        with temporary.open("ab") as file:
            _write_tensors(file, entries, writer.data_alignment)
    return out


@dataclass(frozen=True)
class _Entry:
    """One tensor of the file; `origin` is what messages call it, `head_rows` see `Architecture.head_rows`."""

    name: str
    origin: str
    tensor: Tensor
    block: Any
    head_rows: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """As the writer wants it: in bytes for block formats."""
        shape = self.tensor.shape
        return shape if self.block in _PLAIN else tuple(gguf.quant_shape_to_byte_shape(shape, self.block))

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(_PLAIN.get(self.block, np.uint8))

    @property
    def size(self) -> int:
        return int(np.prod(self.shape)) * self.dtype.itemsize

    def pieces(self) -> Iterator[NDArray[Any]]:
        """The stored form, some whole heads or rows at a time."""
        rows, unit = self.tensor.shape[0], self.head_rows or 1
        width = int(np.prod(self.tensor.shape[1:]))
        step = max(1, _AT_ONCE // (width * unit)) * unit
        for start in range(0, rows, step):
            values = self.tensor.read(start, min(start + step, rows))
            yield _stored(interleave(values, self.head_rows) if self.head_rows else values, self)


@dataclass(frozen=True)
class _Computed:
    """A tensor that is not in the folder."""

    values: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def read(self, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        return self.values[start:stop]


def _entries(model: ModelFolder, wanted: Any) -> Iterator[_Entry]:
    names = model.architecture.names(model.config)
    for name, values in model.architecture.extra_tensors(model.config):
        yield _Entry(name, f"{model.config.path}: {name}", _Computed(values), Block.F32)
    for original, tensor in model.tensors.items():
        block = _block(original, tensor.shape, wanted)
        origin = f"{model.config.path.parent}: {original}"
        yield _Entry(names(original), origin, tensor, block, model.architecture.head_rows(model.config, original))


def _block(name: str, shape: tuple[int, ...], wanted: Any) -> Any:
    """The format of one tensor: F32 for vectors, F16 where rows do not fill the blocks of `wanted`."""
    if len(shape) == 1:
        return Block.F32
    return Block.F16 if shape[-1] % gguf.GGML_QUANT_SIZES[wanted][0] else wanted


def _stored(values: NDArray[np.float32], entry: _Entry) -> NDArray[Any]:
    if not np.isfinite(values).all():
        raise ExportError(
            f"{entry.origin} holds values that are not finite, so its training went wrong",
            hint="export an earlier checkpoint: workbench model export RUN/Artifacts/phase_N/epoch_M",
        )
    with np.errstate(over="ignore"):
        stored: NDArray[Any] = gguf.quants.quantize(values, entry.block)
    if entry.block is Block.F16 and not np.isfinite(stored).all():
        raise ExportError(
            f"{entry.origin} holds {np.abs(values).max():.0f}, and F16 ends at 65504",
            hint="export it with --outtype BF16 or F32",
        )
    return np.ascontiguousarray(stored)


def _describe(writer: Any, model: ModelFolder, outtype: str) -> None:
    model.architecture.describe(model.config, writer)
    kind = "ALL_F32" if outtype == "F32" else f"MOSTLY_{outtype}"
    writer.add_file_type(gguf.LlamaFileType[kind])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _write_header(writer: Any, entries: list[_Entry]) -> None:
    for entry in entries:
        raw = None if entry.block in _PLAIN else entry.block
        writer.add_tensor_info(entry.name, entry.shape, entry.dtype, entry.size, raw)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()


def _write_tensors(file: BinaryIO, entries: list[_Entry], alignment: int) -> None:
    """Each tensor begins at a multiple of `alignment`, as its header says."""
    for entry in entries:
        file.write(bytes(-file.tell() % alignment))
        for piece in entry.pieces():
            file.write(piece.data)
    file.write(bytes(-file.tell() % alignment))
