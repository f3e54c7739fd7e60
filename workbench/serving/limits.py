"""What a request may take: bytes, seconds, and a place among those that wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from workbench.serving.options import ServeOptions
from workbench.serving.refusals import Refusal

T = TypeVar("T")
_KILO = 1024
# So much more is read and thrown away, as a client that is still sending would not hear what was wrong.
_PATIENCE = 16


class Gone(Exception):
    """The client has gone away."""


class Deadline:
    """Of one request, from the moment when it came."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = asyncio.get_running_loop().time() + seconds

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """A Refusal where what is awaited inside takes too long."""
        try:
            async with asyncio.timeout_at(self._end):
                yield
        except TimeoutError as error:
            raise Refusal(
                f"the request took longer than {self._seconds:g} seconds",
                status=408,
                hint="ask for fewer tokens, or start the server with more --max-seconds",
                code="timeout",
            ) from error


async def read_body(request: Request, options: ServeOptions) -> bytes:
    """Of at most `max_body_kb`, or a Refusal."""
    most, found, size = options.max_body_kb * _KILO, bytearray(), 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            found += chunk if size <= most else b""
            if size > most * _PATIENCE:
                break
    except ClientDisconnect as error:
        raise Gone from error
    if size > most:
        hint = "send less at once, or start the server with more --max-body-kb"
        raise Refusal(f"the body is larger than {options.max_body_kb} kB", status=413, hint=hint, code="too_large")
    return bytes(found)


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """The result of some work, which is given up once the client has gone."""
    waiting, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_left(request))
    try:
        done, _ = await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if waiting not in done:
            raise Gone
        return waiting.result()
    finally:
        for task in (waiting, leaving):
            task.cancel()
        await asyncio.wait({waiting, leaving})


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
