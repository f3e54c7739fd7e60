"""Options of the export step."""

from collections.abc import Callable

from workbench.options import Options, option

PLAIN_TYPES = ("F32", "F16", "BF16")
OUTTYPES = (*PLAIN_TYPES, "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0")
# Is told, in a sentence, what a file does not do as its source does.
Tell = Callable[[str], None]


class ExportOptions(Options):
    """How a trained model becomes a file that llama.cpp runs."""

    outtype: str = option("F16", "number format of the full file", choices=OUTTYPES)
    quantization: str = option(
        "Q4_K_M", "llama.cpp quantization of the small file, made of a full one in F32, F16 or BF16; empty for none"
    )
    adapter_base: str = option("", "folder of the model that an adapter was trained on, if not where the adapter says")
    export_threads: int = option(0, "threads that quantize; 0 takes every core", result=False, minimum=0, maximum=1024)
