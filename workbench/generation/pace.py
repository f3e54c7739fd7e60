"""How fast a run works: requests, tokens and samples over its last minute, and how long it still needs."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from workbench.generation.journal import Journal
from workbench.generation.production import LeafShelf

_WINDOW = 60.0
_BETWEEN = 0.5
# Before so many samples are decided nothing is said of the rest.
_FEWEST = 10


class _Mark(NamedTuple):
    moment: float
    requests: int
    tokens: int
    kept: int


class Pace:
    """Counts what was really asked since it was made: answers from the journal, which cost no time, are left out."""

    def __init__(self, journal: Journal, clock: Callable[[], float] = time.monotonic) -> None:
        self._journal = journal
        self._clock = clock
        self._first = self._now(0)
        self._last = self._first
        self._marks: deque[_Mark] = deque([self._first])

    @property
    def requests(self) -> int:
        """Requests answered since it was made."""
        return self._journal.asked - self._first.requests

    @property
    def seconds(self) -> float:
        """Time since it was made, or since the last moment at which nothing had been asked yet."""
        return self._clock() - self._first.moment

    def note(self, kept: int) -> None:
        """Call it now and then with the number of samples kept so far."""
        mark = self._last = self._now(kept)
        if not self.requests:
            self._first = mark
            self._marks = deque([mark])
        elif mark.moment - self._marks[-1].moment >= _BETWEEN:
            self._marks.append(mark)
            while mark.moment - self._marks[1].moment > _WINDOW:
                self._marks.popleft()

    def rates(self) -> dict[str, float]:
        """requests_per_second, tokens_per_second (drawn ones) and samples_per_minute; empty before there are any."""
        first, last = self._marks[0], self._last
        seconds = last.moment - first.moment
        if seconds <= 0:
            return {}
        return {
            "requests_per_second": (last.requests - first.requests) / seconds,
            "tokens_per_second": (last.tokens - first.tokens) / seconds,
            "samples_per_minute": 60 * (last.kept - first.kept) / seconds,
        }

    def seconds_left(self, shelves: Iterable[LeafShelf]) -> float | None:
        """Until every leaf has its quota, if each goes on to keep the share that it kept so far; None before that can
        be told."""
        shelves = list(shelves)
        decided = sum(len(shelf.decided) for shelf in shelves)
        rate = self.rates().get("requests_per_second")
        if not rate or decided < _FEWEST:
            return None
        share = (sum(shelf.kept for shelf in shelves) + 1) / (decided + 2)
        rows = sum(0 if shelf.full else _rows_left(shelf, share) for shelf in shelves)
        return rows * self._journal.requests / decided / rate

    def _now(self, kept: int) -> _Mark:
        return _Mark(self._clock(), self._journal.asked, self._journal.drawn, kept)


def words(rates: Mapping[str, float], seconds_left: float | None) -> str:
    """`61 requests/s, 480 tokens/s, 95 samples/min, about 3 min left`; empty before there is anything to say."""
    if not rates:
        return ""
    said = f"{rates['requests_per_second']:.3g} requests/s, {rates['tokens_per_second']:.3g} tokens/s, "
    said += f"{rates['samples_per_minute']:.3g} samples/min"
    return said if seconds_left is None else f"{said}, about {duration(seconds_left)} left"


def duration(seconds: float) -> str:
    """`40 s`, `3 min`, `2.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _rows_left(shelf: LeafShelf, common: float) -> float:
    """Samples still to be made, by what the leaf itself kept so far as it has enough to tell."""
    share = (shelf.kept + 2 * common) / (len(shelf.decided) + 2)
    return min((shelf.quota - shelf.kept) / share, shelf.most - len(shelf.decided))
