"""Who holds which tokens of a shared key-value cache: sequences that begin equally share cells."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int32]
_EMPTY = np.zeros(0, np.int32)


class Memory(Protocol):
    """The part of a context that this bookkeeping mirrors."""

    def share(self, source: int, target: int, length: int) -> None: ...

    def cut(self, sequence: int, length: int) -> None: ...


@dataclass(eq=False, slots=True)
class Slot:
    """One sequence: the first `length` of its tokens are evaluated, the first `planned` are known, `len(cells)` are the
    most that it may come to hold."""

    sequence: int
    tokens: Tokens = field(default_factory=lambda: _EMPTY)
    cells: Tokens = field(default_factory=lambda: _EMPTY)
    planned: int = 0
    length: int = 0
    busy: bool = False
    used: int = 0


class Cells:
    """`capacity` cells among `sequences` slots. Slots that are no longer busy keep their prompt, the `keep` most
    recently useful ones, until their cells are needed."""

    def __init__(self, memory: Memory, *, capacity: int, sequences: int, keep: int) -> None:
        self.capacity = capacity
        self.keep = keep
        self._memory = memory
        self._slots = [Slot(sequence) for sequence in range(sequences)]
        self._holders = np.zeros(capacity, np.int32)
        self._free = list(range(capacity))
        self._reserved = 0
        self._clock = 0

    @property
    def used(self) -> int:
        """Cells that hold a token."""
        return self.capacity - len(self._free)

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

    def take(self, tokens: Sequence[int] | Tokens, room: int, most: int | None = None) -> Slot | None:
        """A slot for a sequence that begins with these tokens and may grow to `room`. Its `length` says how many of
        them need no evaluation: never the last one, nor more than `most`. None when slots or cells do not suffice."""
        wanted = np.asarray(tokens, np.int32)
        target = next((slot for slot in self._slots if not slot.busy and not slot.length), None)
        source, length = self.shared(wanted[: len(wanted) - 1 if most is None else most])
        if target is None or not self._make_room(room - length, source, length):
            return None
        self._fill(target, wanted, room)
        if source:
            self._share(source, target, length)
        self._reserved += room - length
        return target

    def extend(self, slot: Slot, count: int, token: int | None = None) -> None:
        """`count` more tokens of the slot are evaluated; `token` is the one if it was not known before."""
        if token is not None:
            slot.tokens[slot.length] = token
            slot.planned = slot.length + 1
        fresh = self._free[-count:]
        del self._free[-count:]
        slot.cells[slot.length : slot.length + count] = fresh
        self._holders[fresh] = 1
        slot.length += count
        self._reserved -= count

    def release(self, slot: Slot, kept: int) -> None:
        """The slot is free again. Its first `kept` tokens stay for others to share, unless another slot holds them."""
        self._reserved -= len(slot.cells) - slot.length
        slot.busy = False
        self._cut(slot, min(kept, slot.length))
        tokens = slot.tokens[: slot.length]
        if any(
            other is not slot and common(other.tokens[: other.length], tokens) == slot.length for other in self._slots
        ):
            self._cut(slot, 0)
        self._touch(slot)
        idle = sum(not other.busy and other.length > 0 for other in self._slots)
        if idle > self.keep and (oldest := self._oldest()):
            self._cut(oldest, 0)

    def _fill(self, slot: Slot, tokens: Tokens, room: int) -> None:
        slot.tokens = np.zeros(room, np.int32)
        slot.tokens[: len(tokens)] = tokens
        slot.cells = np.zeros(room, np.int32)
        slot.planned = len(tokens)
        slot.busy = True
        self._touch(slot)

    def _share(self, source: Slot, target: Slot, length: int) -> None:
        self._memory.share(source.sequence, target.sequence, length)
        target.cells[:length] = source.cells[:length]
        self._holders[source.cells[:length]] += 1
        target.length = length
        self._touch(source)

    def _make_room(self, need: int, source: Slot | None, shared: int) -> bool:
        """Frees the cells of idle slots until `need` are there; the source's own tail goes last."""
        while len(self._free) - self._reserved < need:
            victim = self._oldest(spared=source)
            if victim is not None:
                self._cut(victim, 0)
            elif source is not None and not source.busy and source.length > shared:
                self._cut(source, shared)
            else:
                return False
        return True

    def _oldest(self, spared: Slot | None = None) -> Slot | None:
        idle = [slot for slot in self._slots if not slot.busy and slot.length and slot is not spared]
        return min(idle, key=lambda slot: slot.used, default=None)

    def _cut(self, slot: Slot, length: int) -> None:
        if length < slot.length:
            gone = slot.cells[length : slot.length]
            self._holders[gone] -= 1
            self._free.extend(gone[self._holders[gone] == 0].tolist())
            self._memory.cut(slot.sequence, length)
        slot.length = slot.planned = length

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
