"""Smaller files by llama.cpp's own quantization."""

import difflib
from pathlib import Path

from workbench.errors import EngineError, ExportError
from workbench.export.files import appearing, no_room

# What a C++ stream says when it could not write.
_UNWRITTEN = "iostream error"


def quantize(source: Path, out: Path, kind: str = "Q4_K_M", threads: int = 0) -> Path:
    """`kind` is one of llama.cpp's names (Q4_K_M, Q8_0, ...); `source` a GGUF in F32, F16 or BF16.

    Rows that are no multiple of 256 fall back to another format of about the same size, as llama.cpp chooses. The file
    appears whole or not at all; ExportError says what llama.cpp refused.
    """
    from workbench.engines import llama_binding

    number = quantization(kind)
    if not source.is_file():
        raise ExportError(
            f"there is no file {source}", hint="make one first: workbench model export FOLDER --quantization ''"
        )
    with appearing(out) as temporary:
        try:
            llama_binding.quantize_file(source, temporary, number, threads)
        except EngineError as error:
            if _UNWRITTEN in error.message:
                raise no_room(out) from error
            raise ExportError(f"{source} could not be quantized to {kind}: {error.message}", hint=error.hint) from error
    return out


def quantization(kind: str) -> int:
    """llama.cpp's number for a name; ExportError with those that there are."""
    from workbench.engines import llama_binding

    kinds = llama_binding.quantizations()
    if kind not in kinds:
        near = difflib.get_close_matches(kind.upper(), kinds, n=1)
        raise ExportError(
            f"llama.cpp has no quantization {kind!r}" + (f"; did you mean {near[0]}?" if near else ""),
            hint=f"it has {', '.join(kinds)}",
        )
    return kinds[kind]
