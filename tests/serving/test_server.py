import re
import signal
import socket
import threading
from typing import Any

import httpx
import pytest

from tests.serving.conftest import Running, Start, until
from tests.serving.test_desk import QUICK, SLOW, under_way
from workbench.errors import UsageError
from workbench.serving.options import ServeOptions
from workbench.serving.server import Server, bound, serve
from workbench.workspace import Workspace


def stream(server: Running, lines: list[str]) -> threading.Thread:
    """Reads a long stream into `lines` until it ends; comes back once it has begun."""

    def read() -> None:
        body = SLOW | {"n": 16, "stream": True}
        with httpx.stream("POST", f"{server.url}/completions", json=body, timeout=120) as answer:
            lines.extend(answer.iter_lines())

    thread = threading.Thread(target=read)
    thread.start()
    until(lambda: under_way(server) == 1)
    return thread


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_asked_and_has_done_what_it_was_asked_for(start: Start, number: signal.Signals) -> None:
    with start() as server:
        lines: list[str] = []
        reading = stream(server, lines)
        server.process.send_signal(number)
        until(lambda: "stopping: 1 requests under way" in server.said())
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{server.url}/completions", json=QUICK)
        reading.join()
        assert server.process.wait(60) == 0
        assert lines[-2] == "data: [DONE]"
        assert re.fullmatch(r"serving .*\nstopping: .*\nstopped\n", server.said())


@pytest.mark.parametrize("impatient", [False, True])
def test_what_takes_longer_than_the_grace_is_cut_off(start: Start, impatient: bool) -> None:
    """After the time that it has, or at once with a second signal."""
    with start("--grace-seconds", "60" if impatient else "0.3") as server:
        lines: list[str] = []
        answers: list[Any] = []
        slow = {"json": SLOW, "timeout": 120}
        reading = stream(server, lines)
        waiting = threading.Thread(target=lambda: answers.append(httpx.post(f"{server.url}/completions", **slow)))  # type: ignore[arg-type]
        waiting.start()
        until(lambda: under_way(server) == 2)
        server.process.terminate()
        until(lambda: "stopping" in server.said())
        if impatient:
            server.process.terminate()
        assert server.process.wait(30) == 0
        reading.join()
        waiting.join()
        assert "the server is stopping" in lines[-2]
        assert (answers[0].status_code, answers[0].json()["error"]["code"]) == (503, "server_stopping")
        assert re.fullmatch(r"serving .*\nstopping: .*\nstopped\n", server.said())


def test_an_address_is_taken_before_it_is_listened_at() -> None:
    with bound("127.0.0.1", 0) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(UsageError, match=f"127.0.0.1:{port} cannot be listened at") as raised:
            bound("127.0.0.1", port)
        assert "--port" in raised.value.hint
    with pytest.raises(UsageError, match="no address"):
        bound("nowhere.invalid", 0)
    with bound("localhost", 0) as local:
        assert local.family in (socket.AF_INET, socket.AF_INET6)


def test_no_thread_is_left_when_the_server_fails(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    def fail(self: Server, sockets: list[socket.socket]) -> None:
        self._desk.open()
        raise OSError("too many open files")

    monkeypatch.setattr(Server, "run", fail)
    before = threading.active_count()
    with pytest.raises(OSError, match="too many"):
        serve(ServeOptions(port=0), workspace, lambda line: None)
    assert threading.active_count() == before
