"""Lanes that wait for a place, in an order in which those that begin alike come side by side."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from workbench.engines.lanes import Lane

_Key = tuple[bytes, int]


class Waiting:
    """Sorted by prompt, and by arrival where prompts are equal. Taking goes through that order and begins again, so
    that what begins alike runs together while the beginning is at hand, and everybody's turn comes."""

    def __init__(self) -> None:
        self._urgent: deque[Lane] = deque()
        self._sorted: list[tuple[_Key, Lane]] = []
        self._place: _Key = (b"", 0)
        self._arrived = 0

    def __len__(self) -> int:
        return len(self._urgent) + len(self._sorted)

    def add(self, lanes: Iterable[Lane], *, urgent: bool = False) -> None:
        """Urgent ones go before all others."""
        if urgent:
            self._urgent.extend(lanes)
            return
        for lane in lanes:
            self._arrived += 1
            # Big-endian, so that bytes are in the order of tokens.
            insort(self._sorted, ((lane.prompt.astype(">i4").tobytes(), self._arrived), lane), key=_key)

    def next(self, count: int) -> list[Lane]:
        """Up to `count` of those whose turn is next; they stay."""
        return list(islice(self._turns(), count))

    def take(self) -> Lane:
        """The next one, which leaves."""
        if self._urgent:
            return self._urgent.popleft()
        self._place, lane = self._sorted.pop(self._index() % len(self._sorted))
        return lane

    def remove(self, tag: str | None) -> list[Lane]:
        """All with that tag leave, with None all."""
        gone = [lane for lane in self._turns() if tag in (None, lane.request.tag)]
        self._urgent = deque(lane for lane in self._urgent if tag not in (None, lane.request.tag))
        self._sorted = [entry for entry in self._sorted if tag not in (None, entry[1].request.tag)]
        return gone

    def _turns(self) -> Iterator[Lane]:
        yield from self._urgent
        index = self._index()
        yield from (lane for _, lane in islice(self._sorted, index, None))
        yield from (lane for _, lane in islice(self._sorted, index))

    def _index(self) -> int:
        return bisect_left(self._sorted, self._place, key=_key)


def _key(entry: tuple[_Key, Lane]) -> _Key:
    return entry[0]
