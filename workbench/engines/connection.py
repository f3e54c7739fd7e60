"""The line to an endpoint: requests from a thread of its own, so that what is under way can be dropped at once."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

import httpx

from workbench.engines.credentials import EndpointSettings, trust
from workbench.engines.retries import PASSING, Retries
from workbench.engines.streams import DONE, event
from workbench.errors import ContextError, EndpointError, EngineError

T = TypeVar("T")
_CONNECT_SECONDS = 10.0
_WORDS = 400
_REFUSED = (400, 404, 405, 413, 415, 422, 501)
# What some servers answer to a field that they do not know.
_UNSURE = frozenset({500})


class RefusedError(Exception):
    """The endpoint understood the request and will not do it; `meant` is the error to raise unless there is a way."""

    def __init__(self, meant: EngineError) -> None:
        super().__init__(meant.message)
        self.meant = meant


class Connection:
    """At most `concurrency` requests are under way at once, whoever asks; no error shows the key."""

    def __init__(self, settings: EndpointSettings) -> None:
        self.url = settings.url.rstrip("/")
        self.root = self.url.removesuffix("/v1")
        self._settings = settings
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {settings.key}"} if settings.key else {},
            timeout=httpx.Timeout(settings.timeout, connect=_CONNECT_SECONDS, pool=None),
            verify=trust(settings),
            limits=httpx.Limits(max_connections=settings.concurrency),
        )
        self._places = asyncio.Semaphore(settings.concurrency)
        self._retries = Retries(settings.attempts, self._said)
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Work on the line's thread; cancelling the future closes its connection, which lets a server stop writing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop.run_forever, name="endpoint", daemon=True)
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of some work, dropped should the wait for it be interrupted."""
        future = self.start(work)
        try:
            return future.result()
        finally:
            future.cancel()

    async def post(self, url: str, body: Mapping[str, Any], what: str, *, trial: bool = False) -> dict[str, Any]:
        """The answer to a request. RefusedError where asking again is no use but asking differently may be,
        ContextError inside it for one that is too long; EndpointError for a line that stays broken.

        A `trial` is refused by a status 500 too, which is what some servers have for fields that they do not know.
        """

        async def ask() -> httpx.Response:
            return _whole(await self._client.post(url, json=body))

        async with self._places:
            response = await self._retries.send(ask, what, PASSING - _UNSURE if trial else PASSING)
        return self._read(response, what)

    async def stream(
        self, url: str, body: Mapping[str, Any], what: str, take: Callable[[dict[str, Any]], None]
    ) -> None:
        """As `post`, but `take` gets the events of an answer as they come, or the whole one where the endpoint does not
        stream. EndpointError when it breaks off, as what was taken cannot be taken back."""

        async def ask() -> httpx.Response:
            response = await self._client.send(self._client.build_request("POST", url, json=body), stream=True)
            if not response.is_success or "json" in response.headers.get("Content-Type", ""):
                await response.aread()
            return _whole(response) if response.is_closed else response

        async with self._places:
            response = await self._retries.send(ask, what)
            try:
                if response.is_closed:
                    take(self._read(response, what))
                else:
                    await self._events(response, what, take)
            finally:
                await response.aclose()

    async def _events(self, response: httpx.Response, what: str, take: Callable[[dict[str, Any]], None]) -> None:
        hint = "start it again: what was finished is kept"
        try:
            async for line in response.aiter_lines():
                found = event(line)
                if found == DONE:
                    return
                if isinstance(found, dict) and found.get("error"):
                    said = self._settings.masked(str(found["error"]))[:_WORDS]
                    raise EndpointError(f"{what} failed in the middle of its answer: {said}", hint=hint)
                if isinstance(found, dict):
                    take(found)
        except (httpx.TransportError, ValueError) as error:
            raise EndpointError(f"{what} broke off in the middle of its answer: {error}", hint=hint) from error

    async def offered(self, url: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What a route answers, which not every server has; empty where this one does not."""

        def ask() -> Any:
            return self._client.get(url) if body is None else self._client.post(url, json=body)

        async with self._places:
            response = await self._retries.send(ask, f"a question to {self.url}", PASSING - _UNSURE)
        try:
            answer = response.json() if response.is_success else {}
        except ValueError:
            return {}
        return answer if isinstance(answer, dict) else {}

    def close(self) -> None:
        """What is under way is dropped."""
        if self._thread and not self._loop.is_closed():
            self.run(self._client.aclose())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def _read(self, response: httpx.Response, what: str) -> dict[str, Any]:
        if response.is_success:
            return self._object(response)
        said, status = self._said(response), response.status_code
        if status in (401, 403):
            hint = "check the key: api_key_file, or WORKBENCH_API_KEY in the environment"
            raise EngineError(f"{what} was not allowed ({status}): {said}", hint=hint)
        if status in _REFUSED or status in _UNSURE:
            meant = ContextError if _too_long(said) else EngineError
            hint = "check the endpoint's address and model" if status in (404, 405) else ""
            raise RefusedError(meant(f"{what} was refused ({status}): {said}", hint=hint))
        raise EngineError(f"{what} failed ({status}): {said}", hint="check the endpoint's address and model")

    def _object(self, response: httpx.Response) -> dict[str, Any]:
        hint = "does its address end in /v1?"
        try:
            answer = response.json()
        except ValueError as error:
            raise EndpointError(f"{self.url} answered with something that is not JSON", hint=hint) from error
        if not isinstance(answer, dict):
            raise EndpointError(f"{self.url} answered with a list where an object was due", hint=hint)
        return answer

    def _said(self, response: httpx.Response) -> str:
        """The server's words, without the key should it repeat it."""
        text = " ".join(self._settings.masked(response.text).split())
        return text[:_WORDS] or response.reason_phrase


def _whole(response: httpx.Response) -> httpx.Response:
    """A lost connection where what should be JSON breaks off."""
    if response.is_success and "json" in response.headers.get("Content-Type", ""):
        try:
            response.json()
        except ValueError as error:
            raise httpx.RemoteProtocolError("the answer is broken JSON") from error
    return response


def _too_long(said: str) -> bool:
    low = said.lower()
    return "context" in low and any(word in low for word in ("length", "token", "window", "size"))
