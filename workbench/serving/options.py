"""What a server of models can be told."""

from workbench.engines.options import MachineOptions
from workbench.options import option


class ServeOptions(MachineOptions):
    """Options of `workbench model serve`."""

    model: list[str] = option(
        ["seedling-teacher-Q4_K_M"],
        "trained run, GGUF file, Hugging Face folder or a model's name; NAME:MODEL serves it under another name",
        result=False,
    )
    host: str = option("127.0.0.1", "address to listen at; one that others can reach needs a key", result=False)
    port: int = option(8000, "port to listen at, 0 takes a free one", minimum=0, maximum=65535, result=False)
    api_key: str = option("", "key that clients must show", result=False)
    api_key_file: str = option("", "file that holds the keys that clients may show, one in a line", result=False)
    context_size: int = option(
        0, "most tokens of a prompt and its answer, 0 takes what the model was trained with", minimum=0, result=False
    )
    max_tokens: int = option(256, "longest answer in a chat that names no length", minimum=1, result=False)
    max_body_kb: int = option(1024, "largest request in kilobytes", minimum=1, result=False)
    max_queue: int = option(256, "most requests that wait for a model", minimum=0, result=False)
    max_seconds: float = option(600.0, "longest time for a request, waiting included", minimum=0.1, result=False)
    grace_seconds: float = option(30.0, "time that requests have left when the server stops", minimum=0.0, result=False)
