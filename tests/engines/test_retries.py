import asyncio
import email.utils
import ssl
import time
from collections.abc import Sequence

import httpx
import pytest

from workbench.engines.retries import PASSING, Ask, Retries
from workbench.errors import EndpointError, EngineError


def answering(*answers: httpx.Response | Exception) -> Ask:
    left = list(answers)

    async def ask() -> httpx.Response:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


class Clock:
    """Time that only passes while somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("workbench.engines.retries.asyncio.sleep", clock.sleep)
    monkeypatch.setattr("workbench.engines.retries.time.monotonic", lambda: clock.now)
    return clock


def retries(attempts: int = 5) -> Retries:
    return Retries(attempts, lambda response: response.text)


def send(ask: Ask, using: Retries | None = None, again: frozenset[int] = PASSING) -> httpx.Response:
    return asyncio.run((using or retries()).send(ask, "a request", again))


def test_passing_failures_are_waited_out_twice_as_long_each_time(clock: Clock) -> None:
    ask = answering(httpx.Response(500), httpx.ConnectError("refused"), httpx.Response(429), httpx.Response(200))
    assert send(ask).status_code == 200
    assert [wait for wait in clock.waits if wait] == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [200, 400, 401, 404])
def test_an_answer_that_will_not_change_is_given_back(clock: Clock, status: int) -> None:
    assert send(answering(httpx.Response(status))).status_code == status
    assert not any(clock.waits)


def test_what_counts_as_passing_can_be_narrowed(clock: Clock) -> None:
    assert send(answering(httpx.Response(500)), again=PASSING - {500}).status_code == 500


def test_the_endpoint_says_how_long(clock: Clock) -> None:
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    headers: Sequence[dict[str, str]] = [{"Retry-After": said} for said in ("7", date, "soon")]
    send(answering(*(httpx.Response(503, headers=each) for each in headers), httpx.Response(200)))
    waits = [wait for wait in clock.waits if wait]
    assert waits[0] == 7.0
    assert 25 < waits[1] <= 30
    assert waits[2:] == [2.0]


def test_what_one_request_is_told_holds_for_all(clock: Clock) -> None:
    both = retries()
    send(answering(httpx.Response(429, headers={"Retry-After": "40"}), httpx.Response(200)), both)
    clock.now -= 30
    clock.waits.clear()
    send(answering(httpx.Response(200)), both)
    assert [wait for wait in clock.waits if wait] == [30.0]


def test_a_wait_of_hours_ends_at_once_and_says_so(clock: Clock) -> None:
    with pytest.raises(EndpointError, match="asks to wait 7200 seconds") as caught:
        send(answering(httpx.Response(429, headers={"Retry-After": "7200"}, text="no quota")))
    assert "no quota" in caught.value.message
    assert "start it again" in caught.value.hint
    assert not any(clock.waits)


def test_giving_up_says_what_happened_last(clock: Clock) -> None:
    ask = answering(*[httpx.Response(429, text="too many")] * 2, httpx.ConnectError("connection refused"))
    with pytest.raises(EndpointError, match=r"a request failed 3 times; last: connection refused") as caught:
        send(ask, retries(3))
    assert caught.value.retryable
    assert caught.value.hint
    assert [wait for wait in clock.waits if wait] == [0.5, 1.0]


def test_a_certificate_that_is_not_trusted_is_not_asked_again(clock: Clock) -> None:
    refused = httpx.ConnectError("broken")
    refused.__cause__ = ssl.SSLCertVerificationError(1, "[SSL] certificate verify failed")
    with pytest.raises(EngineError, match="no trusted connection") as caught:
        send(answering(refused))
    assert "tls_ca_file" in caught.value.hint
    assert not any(clock.waits)


def test_a_trusted_connection_that_breaks_off_is_asked_again(clock: Clock) -> None:
    assert send(answering(ssl.SSLError("record layer failure"), httpx.Response(200))).status_code == 200
