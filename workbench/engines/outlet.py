"""An answer's text handed out while it is written: only what nothing can change any more."""

import codecs
from collections.abc import Sequence
from typing import AnyStr


class Outlet:
    """What of a text can still change is held back: a character of which a part is there, and what a stop text, which
    would be cut off, may begin with."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = [text.encode() for text in stop]
        self._longest = max(map(len, self._stop), default=1) - 1
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._taken = 0

    def take(self, output: bytes | bytearray, *, ended: bool = False) -> str:
        """What can be handed out now, of a text that has come so far; at its end all but half a character."""
        upto = len(output) - (0 if ended else self._held(output))
        found = self._decoder.decode(bytes(output[self._taken : upto]))
        self._taken = max(self._taken, upto)
        return found

    def _held(self, output: bytes | bytearray) -> int:
        """Bytes at the end with which a stop text may begin."""
        if not self._longest:
            return 0
        return begun(bytes(output[-self._longest :]), self._stop)


def begun(text: AnyStr, stop: Sequence[AnyStr]) -> int:
    """How much of a text's end one of the stop texts begins with, short of a whole one."""
    lengths = (
        length for one in stop for length in range(min(len(text), len(one) - 1), 0, -1) if text.endswith(one[:length])
    )
    return max(lengths, default=0)
