"""Trained models as files that llama.cpp runs."""

from pathlib import Path

from workbench.export.options import Tell


def export_gguf(
    folder: Path, out: Path, outtype: str = "F16", base: Path | None = None, tell: Tell | None = None
) -> Path:
    """A Hugging Face folder, or an adapter's with its base, as one GGUF file; see `workbench.export.gguf`."""
    from workbench.export import gguf

    return gguf.export_gguf(folder, out, outtype, base, tell)


def quantize(source: Path, out: Path, kind: str = "Q4_K_M", threads: int = 0, tell: Tell | None = None) -> Path:
    """A GGUF file quantized by llama.cpp; see `workbench.export.quantization`."""
    from workbench.export.quantization import quantize as quantize_file

    return quantize_file(source, out, kind, threads, tell)
