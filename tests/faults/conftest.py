import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from workbench.jobs.steps import STEPS
from workbench.options import Options
from workbench.runs import Run
from workbench.workspace import VARIABLE, Workspace

ROOT = Path(__file__).parents[2]


@dataclass
class Server:
    """The answering server: alive from `start` until it has given so many answers, or until `stop`. With a `command` it
    is another one, started as that module with those flags."""

    port: int
    command: tuple[str, ...] = ()
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def flags(self) -> tuple[str, ...]:
        return ("--endpoint-url", self.url, "--model", "fake", "--pipeline", "compact")

    def start(self, life: int = 0) -> None:
        self.processes.append(subprocess.Popen([sys.executable, "-m", *self._command(life)], cwd=ROOT))
        while True:
            try:
                httpx.get(f"{self.url}/models")
                return
            except httpx.TransportError:
                assert self.processes[-1].poll() is None
                time.sleep(0.05)

    def _command(self, life: int) -> list[str]:
        if not self.command:
            return ["tests.faults.answering_server", str(self.port), str(life)]
        return [*self.command, "--port", str(self.port)]

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(free_port())
    server.start()
    yield server
    server.stop()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@dataclass
class Steps:
    """Works on runs as `workbench.jobs` does, without loading all modules each time."""

    process: "subprocess.Popen[str]"

    def begin(self, run: Run, step: str, options: Options) -> int:
        """The number of the process; its exit code is what `end` gives next."""
        request = {"step": STEPS[step].record(), "options": options.model_dump(), "detach": False}
        assert self.process.stdin
        self.process.stdin.write(json.dumps([str(run.folder), request]) + "\n")
        self.process.stdin.flush()
        return self.end()

    def end(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())


@pytest.fixture
def steps() -> Iterator[Steps]:
    forking = [sys.executable, "-m", "tests.faults.forked_steps"]
    with subprocess.Popen(forking, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Steps(process)


def say(line: str) -> None:
    """Shown by `pytest -s`, and where the test fails."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def begin(workspace: Workspace, *arguments: str, largest_file: int = 0) -> subprocess.Popen[str]:
    """The command in a process of its own, its standard error for whoever asks; no file may grow beyond a limit."""

    def limit() -> None:
        if largest_file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.Popen(
        [sys.executable, "-m", "workbench.cli.main", *arguments],
        env={**os.environ, VARIABLE: str(workspace.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=limit,
        text=True,
    )


def end(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Its exit code and what it said."""
    said = process.communicate()[1]
    return process.returncode, said


def kill_tree(process: "subprocess.Popen[str]") -> None:
    parent = psutil.Process(process.pid)
    for one in (parent, *parent.children(recursive=True)):
        one.send_signal(signal.SIGKILL)
    process.communicate()
