"""Smaller files by llama.cpp's own quantization."""

import difflib
import os
from pathlib import Path
from uuid import uuid4

from workbench.errors import EngineError, ExportError


def quantize(source: Path, out: Path, kind: str = "Q4_K_M", threads: int = 0) -> Path:
    """`kind` is one of llama.cpp's names (Q4_K_M, Q8_0, ...); `source` a GGUF in F32, F16 or BF16.

    Rows that are no multiple of 256 fall back to another format of about the same size, as llama.cpp chooses. The file
    appears whole or not at all; ExportError says what llama.cpp refused.
    """
    from workbench.engines import llama_binding

    kinds = llama_binding.quantizations()
    if kind not in kinds:
        near = difflib.get_close_matches(kind.upper(), kinds, n=1)
        raise ExportError(
            f"llama.cpp has no quantization {kind!r}" + (f"; did you mean {near[0]}?" if near else ""),
            hint=f"it has {', '.join(kinds)}",
        )
    if not source.is_file():
        raise ExportError(f"there is no file {source}", hint="export the model to GGUF first, then quantize that file")
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{uuid4().hex}")
    try:
        llama_binding.quantize_file(source, temporary, kinds[kind], threads)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(out)
    except EngineError as error:
        raise ExportError(f"{source} could not be quantized to {kind}: {error.message}", hint=error.hint) from error
    finally:
        temporary.unlink(missing_ok=True)
    return out
