"""One pool of cells for all sequences: equal beginnings are held once."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from workbench.engines.slots import Slot, Tokens, common


class Memory(Protocol):
    """The part of a context that this bookkeeping mirrors."""

    def share(self, source: int, target: int, length: int) -> None: ...

    def cut(self, sequence: int, length: int) -> None: ...


class Cells:
    """`capacity` cells among `sequences` slots. Slots that are no longer busy keep their prompt, the `keep` most
    useful ones, until their cells are needed."""

    def __init__(self, memory: Memory, *, capacity: int, sequences: int, keep: int) -> None:
        self.capacity = capacity
        self._memory = memory
        self._slots = [Slot(sequence) for sequence in range(sequences)]
        self._keep = keep
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
            if slot.length > longest and (length := common(slot.tokens[: slot.length], tokens)) > longest:
                best, longest = slot, length
        return best, longest

    def coming(self, tokens: Tokens) -> int:
        """The longest common beginning with what busy slots know, though they may not have evaluated it yet."""
        waiting = [slot for slot in self._slots if slot.busy and slot.left]
        return max((common(slot.tokens, tokens) for slot in waiting), default=0)

    def take(self, tokens: Tokens, room: int, most: int) -> Slot | None:
        """A slot for a sequence that begins with these tokens and may grow to `room`. Its `length` says how many of
        them, `most` at most, need no evaluation. None when there is no place for it now."""
        source, length = self.shared(tokens[:most])
        target = next((slot for slot in self._slots if not slot.busy and not slot.length), None)
        if target is None or not self._make_room(room - length, source, length):
            return None
        target.fill(tokens, room)
        self._touch(target)
        if source:
            self._share(source, target, length)
        self._reserved += room - length
        return target

    def extend(self, slot: Slot, count: int) -> None:
        """`count` more of the slot's tokens are evaluated."""
        left = len(self._free) - count
        fresh = self._free[left:]
        del self._free[left:]
        slot.cells[slot.length : slot.length + count] = fresh
        self._holders[fresh] = 1
        self._reserved -= count
        slot.length += count

    def extend_each(self, slots: Sequence[Slot]) -> None:
        """One more token of each slot is evaluated, behind those with which it begins; nobody shares these."""
        for slot in slots:
            slot.tail.append(self._free.pop())
            slot.length += 1
        self._reserved -= len(slots)

    def release(self, slot: Slot, kept: int) -> None:
        """The slot is free again. Its first `kept` tokens stay for others to share, unless another slot holds them."""
        self._reserved -= slot.room - slot.length
        slot.busy = False
        self._cut(slot, min(kept, slot.length))
        if self._held_elsewhere(slot):
            self._cut(slot, 0)
        self._touch(slot)
        idle = sum(not other.busy and other.length > 0 for other in self._slots)
        if idle > self._keep and (victim := self._least_useful()):
            self._cut(victim, 0)

    def _share(self, source: Slot, target: Slot, length: int) -> None:
        self._memory.share(source.sequence, target.sequence, length)
        target.cells[:length] = source.cells[:length]
        self._holders[source.cells[:length]] += 1
        target.length = length
        self._touch(source)

    def _make_room(self, need: int, source: Slot | None, shared: int) -> bool:
        """Frees the cells of idle slots until `need` are there; the source's own tail goes last."""
        while len(self._free) - self._reserved < need:
            victim = self._least_useful(spared=source)
            if victim is not None:
                self._cut(victim, 0)
            elif source is not None and not source.busy and source.length > shared:
                self._cut(source, shared)
            else:
                return False
        return True

    def _least_useful(self, spared: Slot | None = None) -> Slot | None:
        """Of the idle slots one most of whose cells another holds too, else the one that was useful longest ago."""
        idle = [slot for slot in self._slots if not slot.busy and slot.length and slot is not spared]
        return min(idle, key=lambda slot: (not self._mostly_shared(slot), slot.used), default=None)

    def _mostly_shared(self, slot: Slot) -> bool:
        return bool(2 * np.count_nonzero(self._holders[slot.cells[: slot.length]] > 1) > slot.length)

    def _held_elsewhere(self, slot: Slot) -> bool:
        tokens = slot.tokens[: slot.length]
        others = (other for other in self._slots if other is not slot and other.length >= slot.length)
        return any(common(other.tokens[: other.length], tokens) == slot.length for other in others)

    def _cut(self, slot: Slot, length: int) -> None:
        if length < slot.length:
            gone = slot.cells[length : slot.length]
            self._holders[gone] -= 1
            self._free += [*gone[self._holders[gone] == 0].tolist(), *slot.tail]
            self._memory.cut(slot.sequence, length)
        slot.tokens, slot.cells, slot.tail, slot.length = slot.tokens[:length], slot.cells[:length], [], length

    def _touch(self, slot: Slot) -> None:
        self._clock += 1
        slot.used = self._clock
