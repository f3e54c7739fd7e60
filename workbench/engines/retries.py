"""Asking an endpoint again: after which failures, and how long after."""

import email.utils
import threading
import time
from collections.abc import Callable

import httpx

from workbench.errors import EndpointError

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0


class Retries:
    """Waits twice as long each time, or as long as Retry-After asks; ends early when `closing` is set."""

    def __init__(self, attempts: int, closing: threading.Event, first_wait: float = _FIRST_WAIT) -> None:
        self._attempts = attempts
        self._closing = closing
        self._first_wait = first_wait

    def send(self, ask: Callable[[], httpx.Response], what: str) -> httpx.Response:
        """The first answer that is not a passing failure; EndpointError when there is none."""
        problem = ""
        for attempt in range(self._attempts):
            delay = min(self._first_wait * 2**attempt, _LONGEST_WAIT)
            try:
                response = ask()
            except httpx.TransportError as error:
                problem = str(error) or type(error).__name__
            else:
                if response.status_code not in _AGAIN:
                    return response
                problem = f"status {response.status_code}"
                delay = min(_asked_delay(response, delay), _LONGEST_WAIT)
            if attempt + 1 < self._attempts and self._closing.wait(delay):
                break
        raise EndpointError(
            f"{what} failed {self._attempts} times; last: {problem}", hint="is the endpoint up, and its address right?"
        )


def _asked_delay(response: httpx.Response, otherwise: float) -> float:
    """Retry-After in seconds or as a date."""
    said = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return otherwise
