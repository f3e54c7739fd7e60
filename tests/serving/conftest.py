import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from workbench.assets import assets_folder
from workbench.export import export_gguf

TEACHER = "seedling-teacher-Q4_K_M"


@dataclass
class Running:
    """A server in a process of its own; `log` is what it writes."""

    process: "subprocess.Popen[bytes]"
    log: Path
    url: str = ""

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def client(self, max_retries: int = 0) -> OpenAI:
        return OpenAI(base_url=self.url, api_key="none", max_retries=max_retries, timeout=300)


Start = Callable[..., Any]


@contextmanager
def running(folder: Path, *flags: str, **environment: str) -> Iterator[Running]:
    """Up when it is handed out; what it is told by the environment comes without the variables of this process."""
    log = folder / "server.log"
    command = [sys.executable, "-m", "workbench.cli.main", "model", "serve", "--port", "0", *flags]
    told = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")}
    told |= {"WORKBENCH_WORKSPACE": str(folder / "workspace")} | environment
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=told)
    found = Running(process, log)
    try:
        while not (said := re.search(r"at (http://\S+/v1);", found.said())):
            assert process.poll() is None, found.said()
            time.sleep(0.05)
        found.url = said.group(1)
        httpx.get(found.url.removesuffix("/v1") + "/health", timeout=60).raise_for_status()
        yield found
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def random_gguf(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights, which goes on to write until it may not; with n it is slow enough to be caught."""
    return export_gguf(tiny_model, tmp_path_factory.mktemp("random") / "random.gguf", "F32")


@pytest.fixture(scope="session")
def served(random_gguf: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The embedded teacher, the random model from its file and from its folder, without a key."""
    flags = ["--model", TEACHER, "--model", str(random_gguf), "--model", f"folder:{tiny_model}"]
    with running(tmp_path_factory.mktemp("served"), *flags) as found:
        yield found


@pytest.fixture(scope="session")
def client(served: Running) -> Iterator[OpenAI]:
    with served.client() as client:
        yield client


@pytest.fixture
def start(tmp_path: Path, random_gguf: Path) -> Start:
    """Starts another server of the random model."""
    return lambda *flags, **environment: running(tmp_path, "--model", str(random_gguf), *flags, **environment)


@pytest.fixture(scope="session")
def teacher() -> Path:
    return assets_folder() / "models" / f"{TEACHER}.gguf"


def until(happened: Callable[[], bool]) -> None:
    """Waits, and fails after two minutes."""
    end = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
