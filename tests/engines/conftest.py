import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.engines.endpoints import Endpoint, serving
from tests.engines.hubs import Hub, serving_hub
from workbench.assets import assets_folder
from workbench.engines.engine import Request, Sampling
from workbench.engines.llamacpp import LlamaEngine
from workbench.engines.settings import Settings
from workbench.export import export_gguf

Texts = dict[tuple[str, int], tuple[str, str]]


@pytest.fixture(scope="session")
def tiny_gguf(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_gguf(tiny_model, tmp_path_factory.mktemp("gguf") / "tiny.gguf", "F32")


@pytest.fixture(params=[False, True], ids=["flash", "exact"])
def exact(request: pytest.FixtureRequest) -> bool:
    """Both ways in which a context computes attention."""
    return bool(request.param)


@pytest.fixture
def engine(tiny_gguf: Path, exact: bool) -> Iterator[LlamaEngine]:
    engine = LlamaEngine(tiny_gguf, Settings(sequences=8, threads=1, exact=exact))
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


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as found:
        yield found


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with one GGUF file and one folder, to which the hub's client is pointed."""
    files = {"config.json": b"{}", "tokenizer.json": b"[]", "README.md": b"A model.", "pytorch_model.bin": b"pickle"}
    folder = files | {"model.safetensors": bytes(range(256)) * 20, "onnx/model.json": b"{}"}
    with serving_hub(
        Hub({"someone/granite-GGUF": {"granite-Q4.gguf": b"GGUF?" * 10_000}, "someone/granite": folder})
    ) as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
        yield hub


@pytest.fixture(scope="session")
def llama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of llama-cpp-python's own server on the embedded teacher; it answers one request at a time."""
    model = assets_folder() / "models" / "seedling-teacher-Q4_K_M.gguf"
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--host", "127.0.0.1"]
    command += ["--port", str(port), "--n_threads", "1", "--n_threads_batch", "1"]
    # By default it breaks off a stream as soon as somebody else asks.
    command += ["--interrupt_requests", "false"]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=os.environ | {"PYTHONWARNINGS": "ignore"})
    try:
        url = f"http://127.0.0.1:{port}/v1"
        _until_up(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait()


def _until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    while process.poll() is None:
        try:
            httpx.get(f"{url}/models", timeout=5).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text(errors='replace')[-2000:]}")
