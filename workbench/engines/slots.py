"""Which sequence of a context holds which tokens, and which of them begin alike."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int32]
EMPTY = np.zeros(0, np.int32)


class Memory(Protocol):
    """The part of a context that this bookkeeping mirrors."""

    def share(self, source: int, target: int, length: int) -> None: ...

    def cut(self, sequence: int, length: int) -> None: ...


@dataclass(eq=False, slots=True)
class Slot:
    """One sequence: the first `length` of its tokens are evaluated, the first `planned` are known, `room` is the most
    that it may come to hold. `cells` is where, as far as that matters."""

    sequence: int
    tokens: Tokens = field(default_factory=lambda: EMPTY)
    cells: Tokens = field(default_factory=lambda: EMPTY)
    planned: int = 0
    length: int = 0
    room: int = 0
    busy: bool = False
    used: int = 0

    def fill(self, tokens: Tokens, room: int) -> None:
        """Makes it busy with a new sequence, of which nothing is evaluated yet."""
        self.tokens = np.zeros(max(room, len(tokens)), np.int32)
        self.tokens[: len(tokens)] = tokens
        self.planned, self.length, self.room, self.busy = len(tokens), 0, room, True


class Slots(ABC):
    """What every way to lay out memory has in common: finding what can be shared, and what was useful last."""

    def __init__(self, memory: Memory, count: int) -> None:
        self._memory = memory
        self._slots = [Slot(sequence) for sequence in range(count)]
        self._clock = 0

    def shared(self, tokens: Tokens) -> tuple[Slot | None, int]:
        """The slot that has evaluated the longest common beginning, and its length."""
        best: Slot | None = None
        longest = 0
        for slot in self._slots:
            length = common(slot.tokens[: slot.length], tokens)
            if length > longest:
                best, longest = slot, length
        return best, longest

    def coming(self, tokens: Tokens) -> int:
        """The longest common beginning with what busy slots know, though they may not have evaluated it yet."""
        waiting = [slot for slot in self._slots if slot.busy and slot.length < slot.planned]
        return max((common(slot.tokens[: slot.planned], tokens) for slot in waiting), default=0)

    @abstractmethod
    def take(self, tokens: Sequence[int] | Tokens, room: int, most: int | None = None) -> Slot | None:
        """A slot for a sequence that begins with these tokens and may grow to `room`. Its `length` says how many of
        them need no evaluation: never the last one, nor more than `most`. None when there is no place for it now."""

    def extend(self, slot: Slot, count: int, token: int | None = None) -> None:
        """`count` more tokens of the slot are evaluated; `token` is the one if it was not known before."""
        if token is not None:
            slot.tokens[slot.length] = token
            slot.planned = slot.length + 1
        slot.length += count

    @abstractmethod
    def release(self, slot: Slot, kept: int) -> None:
        """The slot is free again. Its first `kept` tokens stay for others to share, unless another slot holds them."""

    def _source(self, tokens: Tokens, most: int | None) -> tuple[Slot | None, int]:
        return self.shared(tokens[: len(tokens) - 1 if most is None else most])

    def _held_elsewhere(self, slot: Slot, length: int) -> bool:
        tokens = slot.tokens[:length]
        return any(
            other is not slot and common(other.tokens[: other.length], tokens) == length for other in self._slots
        )

    def _touch(self, slot: Slot) -> None:
        self._clock += 1
        slot.used = self._clock


def common(left: Tokens, right: Tokens) -> int:
    """How many tokens two sequences begin with alike."""
    length = min(len(left), len(right))
    if not length or left[0] != right[0]:
        return 0
    differs = left[:length] != right[:length]
    first = int(differs.argmax())
    return first if differs[first] else length
