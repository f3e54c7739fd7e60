"""One sequence of a context, and what its tokens have in common with others."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int32]
EMPTY = np.zeros(0, np.int32)


@dataclass(eq=False, slots=True)
class Slot:
    """It begins with `tokens`, and the first `length` of what it holds or will hold are evaluated; `room` is the most
    that it may come to hold. `cells` is where the tokens are, and `tail` where those are that came behind them."""

    sequence: int
    tokens: Tokens = field(default_factory=lambda: EMPTY)
    cells: Tokens = field(default_factory=lambda: EMPTY)
    tail: list[int] = field(default_factory=list)
    length: int = 0
    room: int = 0
    busy: bool = False
    used: int = 0

    @property
    def left(self) -> int:
        """How many of its tokens are not evaluated yet."""
        return max(0, len(self.tokens) - self.length)

    def fill(self, tokens: Tokens, room: int) -> None:
        """Makes it busy with a new sequence, of which nothing is evaluated yet."""
        self.tokens = tokens
        self.cells = np.zeros(len(tokens), np.int32)
        self.length, self.room, self.busy = 0, room, True


def common(left: Tokens, right: Tokens) -> int:
    """How many tokens two sequences begin with alike."""
    length = min(len(left), len(right))
    if not length or left[0] != right[0]:
        return 0
    differs = left[:length] != right[:length]
    first = int(differs.argmax())
    return first if differs[first] else length
