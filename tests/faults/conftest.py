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

from workbench.workspace import VARIABLE, Workspace

ROOT = Path(__file__).parents[2]


@dataclass
class Server:
    """The answering server: alive from `start` until it has given so many answers, or until `stop`."""

    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def flags(self) -> tuple[str, ...]:
        return ("--endpoint-url", f"http://127.0.0.1:{self.port}/v1", "--model", "fake", "--pipeline", "compact")

    def start(self, life: int = 0) -> None:
        command = [sys.executable, "-m", "tests.faults.answering_server", str(self.port), str(life)]
        self.processes.append(subprocess.Popen(command, cwd=ROOT))
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/v1/models")
                return
            except httpx.TransportError:
                assert self.processes[-1].poll() is None
                time.sleep(0.05)

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def server() -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Server(free.getsockname()[1])
    server.start()
    yield server
    server.stop()


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
