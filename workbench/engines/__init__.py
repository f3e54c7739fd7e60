"""One way to ask language models, wherever they run."""

from pathlib import Path

from workbench.engines.engine import Completion, Engine, Request, Sampling, Session

__all__ = ["Completion", "Engine", "Request", "Sampling", "Session", "open_engine"]


def open_engine(
    model: str,
    *,
    endpoint_url: str = "",
    api_key: str = "",
    context_size: int = 0,
    threads: int = 0,
    models_folder: Path | None = None,
) -> Engine:
    """A GGUF file runs in llama.cpp, a Hugging Face folder in transformers; with `endpoint_url` an endpoint is asked.

    `model` is a path, a name of the catalogue, or one in `models_folder`. 0 for `context_size` takes what the model was
    trained with, 0 for `threads` what suits the model. ModelError when there is no such model.
    """
    if endpoint_url:
        from workbench.engines.openai import EndpointEngine, EndpointSettings

        return EndpointEngine(EndpointSettings(endpoint_url, model, api_key, context_size=context_size))
    from workbench.engines.catalogue import resolve

    path = resolve(model, models_folder)
    if path.is_dir():
        from workbench.engines.transformers import TransformersEngine

        return TransformersEngine(path, context_size=context_size, threads=threads)
    from workbench.engines.llamacpp import LlamaEngine
    from workbench.engines.pool import Settings

    return LlamaEngine(path, Settings(context_size=context_size, threads=threads))
