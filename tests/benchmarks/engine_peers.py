"""Others that answer the same requests, one at a time: llama-cpp-python in a loop, and its server."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.benchmarks.engine_loads import NEW, Load
from workbench.engines.engine import sample_seed

CONTEXT = 1024
# The same draw as ours: temperature 1, and nothing is cut.
_DRAW = {"max_tokens": NEW, "temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0}


@dataclass(frozen=True)
class Measured:
    """New tokens, and what they took in seconds of time and of processor time."""

    tokens: int
    wall: float
    processor: float


class Stopwatch:
    """Of this process, or of another one in what it spends on processors."""

    def __init__(self, process: psutil.Process | None = None) -> None:
        self._process = process or psutil.Process()
        self._wall, self._processor = time.perf_counter(), self._spent()

    def stop(self, tokens: int) -> Measured:
        return Measured(tokens, time.perf_counter() - self._wall, self._spent() - self._processor)

    def _spent(self) -> float:
        spent = self._process.cpu_times()
        return float(spent.user + spent.system)


def serial(model: Path, load: Load, threads: int) -> Measured:
    """A loop of create_chat_completion, which itself keeps the beginning that two requests in a row have in common."""
    from llama_cpp import Llama

    llama = Llama(str(model), n_ctx=CONTEXT, n_threads=threads, verbose=False)
    watch = Stopwatch()
    tokens = 0
    for body in _bodies(load):
        done: Any = llama.create_chat_completion(**body)
        tokens += done["usage"]["completion_tokens"]
    measured = watch.stop(tokens)
    llama.close()
    return measured


def served(url: str, process: psutil.Process, load: Load) -> Measured:
    """One request after another; the processor time is the server's."""
    with httpx.Client(timeout=600) as client:
        watch = Stopwatch(process)
        tokens = 0
        for body in _bodies(load):
            answer = client.post(f"{url}/v1/chat/completions", json=body | {"model": "any"})
            tokens += answer.raise_for_status().json()["usage"]["completion_tokens"]
        return watch.stop(tokens)


@contextmanager
def server(model: Path, threads: int, *flags: str) -> Iterator[tuple[str, psutil.Process]]:
    """`python -m llama_cpp.server` on loopback, with more flags: its address and process."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "llama_cpp.server", "--model", str(model)]
    command += [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--n_ctx",
        str(CONTEXT),
        "--n_threads",
        str(threads),
        *flags,
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process)
        yield url, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit("llama_cpp.server does not start; pip install 'llama-cpp-python[server]'")
        try:
            if httpx.get(f"{url}/v1/models").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit("llama_cpp.server does not answer")


def _bodies(load: Load) -> Iterator[dict[str, Any]]:
    for request in load.requests:
        for index in range(request.samples):
            seed = sample_seed(request.seed, index)
            yield {**_DRAW, "messages": [dict(message) for message in request.messages], "seed": seed}
