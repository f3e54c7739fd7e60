import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import Request

from workbench.serving.limits import Deadline, Gone, read_body, unless_gone
from workbench.serving.options import ServeOptions
from workbench.serving.refusals import Refusal

OPTIONS = ServeOptions(max_body_kb=1)
Message = dict[str, Any]


def request(*messages: Message) -> tuple[Request, list[Message]]:
    """A request that brings these messages and then nothing, and those that nobody has read yet."""
    left = list(messages)

    async def receive() -> Message:
        if not left:
            await asyncio.sleep(60)
        return left.pop(0)

    return Request({"type": "http", "method": "POST", "headers": []}, receive), left


def body(content: bytes, more: bool = False) -> Message:
    return {"type": "http.request", "body": content, "more_body": more}


def read(*messages: Message) -> bytes:
    return asyncio.run(read_body(request(*messages)[0], OPTIONS))


def test_a_body_may_come_in_parts() -> None:
    assert read(body(b"a" * 1000, True), body(b"b" * 24)) == b"a" * 1000 + b"b" * 24


def test_a_large_one_is_heard_out_and_refused() -> None:
    parts = [body(b"a" * 1000, True)] * 5
    asked, left = request(*parts, body(b""))
    with pytest.raises(Refusal, match="larger than 1 kB") as raised:
        asyncio.run(read_body(asked, OPTIONS))
    assert (raised.value.status, left) == (413, [])


def test_nobody_listens_for_ever() -> None:
    asked, left = request(*([body(b"a" * 1000, True)] * 100))
    with pytest.raises(Refusal):
        asyncio.run(read_body(asked, OPTIONS))
    assert len(left) > 80


def test_who_breaks_off_is_gone() -> None:
    with pytest.raises(Gone):
        read(body(b"a", True), {"type": "http.disconnect"})


def test_what_takes_too_long_is_refused() -> None:
    async def late(do: Callable[[], Awaitable[None]]) -> None:
        deadline = Deadline(0.05)
        async with deadline.kept():
            await asyncio.sleep(0)
        async with deadline.kept():
            await do()

    with pytest.raises(Refusal, match=r"longer than 0\.05 seconds") as raised:
        asyncio.run(late(lambda: asyncio.sleep(60)))
    assert raised.value.status == 408


def test_work_is_given_up_once_the_client_has_gone() -> None:
    stopped: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.append(True)

    with pytest.raises(Gone):
        asyncio.run(unless_gone(request({"type": "http.disconnect"})[0], work()))
    assert stopped == [True]


def test_work_that_is_done_comes_back_or_raises() -> None:
    async def work(error: Exception | None) -> str:
        await asyncio.sleep(0)
        if error:
            raise error
        return "done"

    async def of(error: Exception | None) -> str:
        return await unless_gone(request()[0], work(error))

    assert asyncio.run(of(None)) == "done"
    with pytest.raises(ValueError, match="no"):
        asyncio.run(of(ValueError("no")))
