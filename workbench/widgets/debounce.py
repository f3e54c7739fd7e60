"""Work put off until a person pauses."""

import asyncio
from collections.abc import Callable

PAUSE = 0.3


class Debounce:
    """Calls `action` once nothing has asked for it for `pause` seconds; at once where no event loop runs, as in a test.

    A kernel handles a widget's messages in an event loop, whichever thread that is in.
    """

    def __init__(self, action: Callable[[], None], pause: float = PAUSE) -> None:
        self._action, self._pause = action, pause
        self._waiting: asyncio.TimerHandle | None = None

    def __call__(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.now()
            return
        self._forget()
        self._waiting = loop.call_later(self._pause, self.now)

    def now(self) -> None:
        self._forget()
        self._action()

    def _forget(self) -> None:
        if self._waiting:
            self._waiting.cancel()
            self._waiting = None
