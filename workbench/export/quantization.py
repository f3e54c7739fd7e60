"""Smaller files by llama.cpp's own quantization."""

import difflib
from pathlib import Path

from workbench.errors import EngineError, ExportError
from workbench.export.files import appearing, check_room, no_room
from workbench.export.options import Tell

# What a C++ stream says when it could not write.
_UNWRITTEN = "iostream error"
# Kinds that come out as noise unless it is known which weights matter, so that llama.cpp refuses them without.
GUIDED = ("IQ1_M", "IQ1_S", "IQ2_M", "IQ2_S", "IQ2_XS", "IQ2_XXS", "IQ3_XS", "IQ3_XXS", "Q2_K_S")
# Two or three values a weight.
COARSE = ("Q1_0", "Q2_0", "TQ1_0", "TQ2_0")
# What llama.cpp reads, and does not make.
FOREIGN = ("NVFP4",)


def quantize(source: Path, out: Path, kind: str = "Q4_K_M", threads: int = 0, tell: Tell | None = None) -> Path:
    """`kind` is one of llama.cpp's names (Q4_K_M, Q8_0, ...); `source` a GGUF in F32, F16 or BF16.

    Rows that are no multiple of 256, or for some kinds of 32, fall back to another format of about the same size, as
    llama.cpp chooses; that is told. The file appears whole or not at all; ExportError says what llama.cpp refused.
    """
    from workbench.engines import llama_binding

    number = quantization(kind)
    if not source.is_file():
        raise ExportError(
            f"there is no file {source}", hint="make one first: workbench model export FOLDER --quantization ''"
        )
    if out.exists() and out.samefile(source):
        raise ExportError(f"{source} would be overwritten by what is made of it", hint="give another name as TARGET")
    try:
        size, others = llama_binding.foretell_quantization(source, number)
        check_room(out, size)
        if tell and kind in COARSE:
            tell(f"{kind} is for models that were trained for such weights; others do not speak any more")
        if tell and others:
            tell(_said(kind, others))
        with appearing(out) as temporary:
            llama_binding.quantize_file(source, temporary, number, threads)
    except EngineError as error:
        if _UNWRITTEN in error.message:
            raise no_room(out) from error
        hint = error.hint or "give a whole GGUF file in F32, F16 or BF16, such as workbench model export writes"
        raise ExportError(f"{source} could not be quantized to {kind}: {error.message}", hint=hint) from error
    return out


def quantization(kind: str) -> int:
    """llama.cpp's number for a name; ExportError with those that can be made."""
    from workbench.engines import llama_binding

    known = llama_binding.quantizations()
    kinds = {name: number for name, number in known.items() if name not in GUIDED + FOREIGN}
    if kind in kinds:
        return kinds[kind]
    near = difflib.get_close_matches(kind.upper(), kinds, n=1)
    problem = f"llama.cpp has no quantization {kind!r}" + (f"; did you mean {near[0]}?" if near else "")
    if kind in GUIDED:
        problem = f"{kind} needs an importance matrix, measured on text, which is not made here"
    elif kind in FOREIGN:
        problem = f"llama.cpp reads {kind}, but does not make it"
    raise ExportError(problem, hint=f"these can be made: {', '.join(kinds)}")


def _said(kind: str, others: dict[str, str]) -> str:
    formats = ", ".join(sorted({name.upper() for name in others.values()}))
    first, more = next(iter(others)), len(others) - 1
    named = f"{first} and {more} more tensors have" if more else f"{first} has"
    return f"{named} rows that do not fill the blocks of {kind}, so that they are kept in {formats}"
