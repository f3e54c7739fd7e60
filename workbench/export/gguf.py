"""A Hugging Face folder as one GGUF file, written tensor by tensor."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import gguf
import numpy as np
from numpy.typing import NDArray

from workbench.errors import ExportError
from workbench.export.architecture import Architecture, ModelConfig, architecture_of
from workbench.export.checkpoint import StoredTensor, read_tensors
from workbench.export.options import OUTTYPES
from workbench.export.vocabulary import Vocabulary

Block = gguf.GGMLQuantizationType


def export_gguf(folder: Path, out: Path, outtype: str = "F16") -> Path:
    """Peak memory is about one tensor; equal folders give equal bytes; a crash leaves no file behind.

    `outtype` is F32, F16, BF16 or Q8_0 and holds for matrices; norms, biases and rotary factors stay F32. ExportError
    for a model class, tokenizer or tensor that is not supported.
    """
    if outtype not in OUTTYPES:
        raise ExportError(f"there is no outtype {outtype!r}", hint=f"it is one of {', '.join(OUTTYPES)}")
    config = ModelConfig.read(folder)
    architecture = architecture_of(config)
    vocabulary = Vocabulary.read(folder, config.number("vocab_size"))
    tensors = dict(_named(folder, config, architecture))
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{uuid4().hex}")
    try:
        with closing(gguf.GGUFWriter(temporary, architecture.name)) as writer:
            _describe(writer, config, architecture, outtype)
            vocabulary.write(writer)
            _write(writer, _Source(config, architecture, tensors), Block[outtype])
        _finish(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)
    return out


class _Source:
    """Tensors under llama.cpp's names, read when they are asked for."""

    def __init__(
        self, config: ModelConfig, architecture: Architecture, stored: dict[str, tuple[str, StoredTensor]]
    ) -> None:
        self.config = config
        self.architecture = architecture
        self.stored = stored
        self.extra = dict(architecture.extra_tensors(config))

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield from ((name, tensor.shape) for name, tensor in self.extra.items())
        yield from ((name, tensor.shape) for name, (_, tensor) in self.stored.items())

    def read(self, name: str) -> NDArray[np.float32]:
        if name in self.extra:
            return self.extra[name]
        original, tensor = self.stored[name]
        return self.architecture.arrange(self.config, original, tensor.read())


def _named(folder: Path, config: ModelConfig, architecture: Architecture) -> Iterator[tuple[str, Any]]:
    """llama.cpp's name, then the folder's name and tensor; llama.cpp takes the embeddings for a tied head."""
    names = gguf.get_tensor_name_map(architecture.code, config.number("num_hidden_layers"))
    tied = bool(config.values.get("tie_word_embeddings"))
    for original, tensor in read_tensors(folder).items():
        if original.endswith("rotary_emb.inv_freq") or (tied and original == "lm_head.weight"):
            continue
        name = names.get_name(original, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise ExportError(f"{tensor.path}: llama.cpp's {architecture.name} has no place for {original}")
        yield name, (original, tensor)


def _describe(writer: Any, config: ModelConfig, architecture: Architecture, outtype: str) -> None:
    architecture.describe(config, writer)
    kind = "ALL_F32" if outtype == "F32" else f"MOSTLY_{outtype}"
    writer.add_file_type(gguf.LlamaFileType[kind])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _write(writer: Any, source: _Source, wanted: Any) -> None:
    plan = {name: _block(name, shape, wanted) for name, shape in source.shapes()}
    for name, shape in source.shapes():
        writer.add_tensor_info(name, *_stored_form(shape, plan[name]))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for name, block in plan.items():
        writer.write_tensor_data(gguf.quants.quantize(source.read(name), block))


def _block(name: str, shape: tuple[int, ...], wanted: Any) -> Any:
    """The format of one tensor: F32 for vectors and norms, F16 where rows do not fill the blocks of `wanted`."""
    if len(shape) == 1 or name.endswith("_norm.weight"):
        return Block.F32
    return Block.F16 if shape[-1] % gguf.GGML_QUANT_SIZES[wanted][0] else wanted


def _stored_form(shape: tuple[int, ...], block: Any) -> tuple[tuple[int, ...], Any, int, Any]:
    """Shape, element type, bytes and format as the writer wants them: shapes of block formats in bytes."""
    plain = {Block.F32: np.float32, Block.F16: np.float16}
    if block in plain:
        dtype = np.dtype(plain[block])
        return shape, dtype, int(np.prod(shape)) * dtype.itemsize, None
    in_bytes = gguf.quant_shape_to_byte_shape(shape, block)
    return in_bytes, np.dtype(np.uint8), int(np.prod(in_bytes)), block


def _finish(temporary: Path, out: Path) -> None:
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(out)
