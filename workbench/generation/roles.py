"""The models of a run in their roles: a teacher that writes, and a critic that judges."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from workbench.engines import endpoint_settings, open_engine
from workbench.engines.catalogue import resolve
from workbench.engines.engine import Engine
from workbench.generation.exchange import Exchange
from workbench.generation.journal import Journal
from workbench.generation.options import GenerationOptions
from workbench.records import digest_file, digest_folder


def model_digests(options: GenerationOptions, models: Path) -> dict[str, str]:
    """SHA-256 by role, taken without loading anything: of files, or of an endpoint's address and model."""
    named = {"model": options.model, "critic": options.critic_model}
    return {role: _digest(options, model, models) for role, model in named.items() if model}


@contextmanager
def open_exchange(
    options: GenerationOptions, journal: Journal, models: Path
) -> Iterator[tuple[Exchange, Mapping[str, Engine]]]:
    """The exchange with both, and the engines by role; the critic is the teacher unless another model is named."""
    with ExitStack() as stack:
        teacher = stack.enter_context(_opened(options, options.model, models))
        writing = judging = stack.enter_context(teacher.session())
        critic = teacher
        if options.critic_model not in ("", options.model):
            critic = stack.enter_context(_opened(options, options.critic_model, models))
            judging = stack.enter_context(critic.session())
        sessions, engines = {"teacher": writing, "critic": judging}, {"teacher": teacher, "critic": critic}
        yield Exchange(sessions, engines, journal, options.seed), engines


def open_teacher(options: GenerationOptions, models: Path) -> AbstractContextManager[Engine]:
    """The teacher alone, to count tokens with."""
    return _opened(options, options.model, models)


def _digest(options: GenerationOptions, model: str, models: Path) -> str:
    if options.endpoint_url:
        with _opened(options, model, models) as engine:
            return engine.digest
    path = resolve(model, models)
    return digest_folder(path) if path.is_dir() else digest_file(path)


@contextmanager
def _opened(options: GenerationOptions, model: str, models: Path) -> Iterator[Engine]:
    engine = open_engine(
        model,
        endpoint=endpoint_settings(options),
        machine=options,
        models_folder=models,
    )
    try:
        yield engine
    finally:
        engine.close()
