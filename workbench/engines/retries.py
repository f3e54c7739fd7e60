"""Asking an endpoint again: after which failures, and how long after."""

import asyncio
import email.utils
import ssl
import time
from collections.abc import Awaitable, Callable

import httpx

from workbench.errors import EndpointError, EngineError

Ask = Callable[[], Awaitable[httpx.Response]]
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
# Of OpenSSL's words for what went wrong; a connection that merely broke off may come back.
_DISTRUST = ("CERT", "UNKNOWN_CA", "WRONG_VERSION")
_FIRST_WAIT, _LONGEST_WAIT, _LONGEST_ASKED = 0.5, 60.0, 600.0


class Retries:
    """Waits twice as long each time, or as long as Retry-After asks, which then holds for all requests.

    `tell` gives the words of an answer as an error may show them.
    """

    def __init__(self, attempts: int, tell: Callable[[httpx.Response], str], first_wait: float = _FIRST_WAIT) -> None:
        self._attempts = attempts
        self._tell = tell
        self._first_wait = first_wait
        self._free_at = 0.0

    async def send(self, ask: Ask, what: str, again: frozenset[int] = PASSING) -> httpx.Response:
        """The first answer that is not a passing failure; EndpointError when there is none, EngineError at once where
        the two sides do not trust each other."""
        problem, delay = "", 0.0
        for attempt in range(self._attempts):
            await asyncio.sleep(delay)
            await self._until_free()
            delay = min(self._first_wait * 2**attempt, _LONGEST_WAIT)
            try:
                response = await ask()
            except (httpx.TransportError, ssl.SSLError) as error:
                problem = _lost(error, what)
                continue
            if response.status_code not in again:
                return response
            problem = f"status {response.status_code}: {self._tell(response)}"
            if (asked := asked_delay(response)) is not None:
                self._heed(asked, what, problem)
                delay = 0.0
        raise EndpointError(f"{what} failed {self._attempts} times; last: {problem}", hint=_HINT)

    async def _until_free(self) -> None:
        """Until nobody has been asked to wait any more."""
        while (wait := self._free_at - time.monotonic()) > 0:
            await asyncio.sleep(wait)

    def _heed(self, delay: float, what: str, problem: str) -> None:
        if delay > _LONGEST_ASKED:
            hint = "start it again after that: what was finished is kept"
            raise EndpointError(f"{what}: the endpoint asks to wait {delay:.0f} seconds ({problem})", hint=hint)
        self._free_at = max(self._free_at, time.monotonic() + delay)


_HINT = "is the endpoint up, and its address right? Started again, it goes on from what was finished"


def asked_delay(response: httpx.Response) -> float | None:
    """Seconds that Retry-After asks for, as a number or a date; None where it asks for nothing."""
    said = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return None


def _lost(error: Exception, what: str) -> str:
    """In words; EngineError where asking again cannot help."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) and any(word in str(cause).upper() for word in _DISTRUST):
            raise EngineError(
                f"{what}: no trusted connection: {cause}",
                hint="tls_ca_file names authorities to trust, tls_client_cert shows who is asking, "
                "tls_insecure trusts anybody",
            ) from error
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__
