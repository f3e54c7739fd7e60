from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.engines.engine import Request, Sampling
from workbench.engines.llamacpp import LlamaEngine
from workbench.engines.pool import Settings
from workbench.export import export_gguf

Texts = dict[tuple[str, int], tuple[str, str]]


@pytest.fixture(scope="session")
def tiny_gguf(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_gguf(tiny_model, tmp_path_factory.mktemp("gguf") / "tiny.gguf", "F32")


@pytest.fixture(params=[False, True], ids=["apart", "shared"])
def shared(request: pytest.FixtureRequest) -> bool:
    """Both ways in which a context lays out memory."""
    return bool(request.param)


@pytest.fixture
def engine(tiny_gguf: Path, shared: bool) -> Iterator[LlamaEngine]:
    engine = LlamaEngine(tiny_gguf, Settings(context_size=0, sequences=8, threads=1, shared=shared))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def questions() -> list[Request]:
    """Requests of several lengths; the first six begin alike."""
    beginning = "A harbour is a place where ships may anchor. The lighthouse of Vel Marin was built in 1843. "
    asked = [beginning + text for text in ("Who built it?", "When?", "What is a harbour?", "Where?", "Why?", "Is it?")]
    asked += ["Answer from the passage alone.", "YES", "It was built by Tarn Osgood. " * 6]
    sampling = Sampling(max_tokens=12)
    return [
        Request(f"question {number}", messages=({"role": "user", "content": text},), sampling=sampling, seed=number)
        for number, text in enumerate(asked)
    ]
