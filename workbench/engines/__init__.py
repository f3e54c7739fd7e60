"""One way to ask language models, wherever they run."""

from pathlib import Path

from workbench.engines.credentials import EndpointSettings, endpoint_settings
from workbench.engines.engine import Completion, Engine, Request, Sampling, Session
from workbench.engines.options import MachineOptions

__all__ = [
    "Completion",
    "EndpointSettings",
    "Engine",
    "Request",
    "Sampling",
    "Session",
    "endpoint_settings",
    "open_engine",
]


def open_engine(
    model: str,
    *,
    endpoint: EndpointSettings | None = None,
    context_size: int = 0,
    machine: MachineOptions | None = None,
    models_folder: Path | None = None,
) -> Engine:
    """A GGUF file runs in llama.cpp, a Hugging Face folder in transformers; with `endpoint` that is asked.

    `model` is a path, a name of the catalogue, or one in `models_folder`. 0 for `context_size` takes what the model was
    trained with; what `machine` leaves open is what suits the model. ModelError when there is no such model.
    """
    if endpoint:
        from workbench.engines.openai import EndpointEngine

        return EndpointEngine(endpoint, model, context_size)
    from workbench.engines.catalogue import resolve

    machine = machine or MachineOptions()
    path = resolve(model, models_folder)
    if path.is_dir():
        from workbench.engines.transformers import TransformersEngine

        return TransformersEngine(path, context_size=context_size, threads=machine.threads)
    from workbench.engines.llamacpp import LlamaEngine
    from workbench.engines.settings import Settings

    settings = Settings(
        context_size, batch=machine.batch_tokens, threads=machine.threads, gpu_layers=machine.gpu_layers
    )
    return LlamaEngine(path, settings)
