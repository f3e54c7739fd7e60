"""Options of the export step."""

from workbench.options import Options, option

OUTTYPES = ("F32", "F16", "BF16", "Q8_0")


class ExportOptions(Options):
    """How a trained model becomes a file that llama.cpp runs."""

    outtype: str = option("F16", "number format of the full file", choices=OUTTYPES)
    quantization: str = option("Q4_K_M", "llama.cpp quantization of the small file; empty for none")
    export_threads: int = option(0, "threads that quantize; 0 takes every core", result=False, minimum=0, maximum=1024)
