import email.utils
import threading
import time
from collections.abc import Callable, Sequence

import httpx
import pytest

from workbench.engines.retries import Retries
from workbench.errors import EndpointError


def answering(*answers: httpx.Response | Exception) -> Callable[[], httpx.Response]:
    left = list(answers)

    def ask() -> httpx.Response:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []

    def wait(_: threading.Event, delay: float) -> bool:
        found.append(delay)
        return False

    monkeypatch.setattr(threading.Event, "wait", wait)
    return found


def retries(attempts: int = 5) -> Retries:
    return Retries(attempts, threading.Event())


def test_passing_failures_are_waited_out_twice_as_long_each_time(waits: list[float]) -> None:
    ask = answering(httpx.Response(500), httpx.ConnectError("refused"), httpx.Response(429), httpx.Response(200))
    assert retries().send(ask, "a request").status_code == 200
    assert waits == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [200, 400, 401, 404])
def test_an_answer_that_will_not_change_is_given_back(waits: list[float], status: int) -> None:
    assert retries().send(answering(httpx.Response(status)), "a request").status_code == status
    assert waits == []


def test_the_endpoint_says_how_long(waits: list[float]) -> None:
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    headers: Sequence[dict[str, str]] = [{"Retry-After": said} for said in ("7", date, "soon", "9999")]
    ask = answering(*(httpx.Response(503, headers=each) for each in headers), httpx.Response(200))
    retries().send(ask, "a request")
    assert waits[0] == 7.0
    assert 25 < waits[1] <= 30
    assert waits[2:] == [2.0, 60.0]


def test_giving_up_says_what_happened_last(waits: list[float]) -> None:
    ask = answering(*[httpx.ConnectError("connection refused")] * 3)
    with pytest.raises(EndpointError, match=r"a request failed 3 times; last: connection refused") as caught:
        retries(3).send(ask, "a request")
    assert caught.value.retryable
    assert len(waits) == 2


def test_closing_ends_the_waiting() -> None:
    closing = threading.Event()
    closing.set()
    started = time.monotonic()
    with pytest.raises(EndpointError):
        Retries(6, closing).send(answering(*[httpx.Response(503)] * 6), "a request")
    assert time.monotonic() - started < 1
