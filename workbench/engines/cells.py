"""One pool of cells for all sequences: equal beginnings are held once."""

from collections.abc import Sequence

import numpy as np

from workbench.engines.slots import Memory, Slot, Slots, Tokens


class Cells(Slots):
    """`capacity` cells among `sequences` slots. Slots that are no longer busy keep their prompt, the `keep` most
    recently useful ones, until their cells are needed."""

    def __init__(self, memory: Memory, *, capacity: int, sequences: int, keep: int) -> None:
        super().__init__(memory, sequences)
        self.capacity = capacity
        self._keep = keep
        self._holders = np.zeros(capacity, np.int32)
        self._free = list(range(capacity))
        self._reserved = 0

    @property
    def used(self) -> int:
        """Cells that hold a token."""
        return self.capacity - len(self._free)

    def take(self, tokens: Sequence[int] | Tokens, room: int, most: int | None = None) -> Slot | None:
        wanted = np.asarray(tokens, np.int32)
        target = next((slot for slot in self._slots if not slot.busy and not slot.length), None)
        source, length = self._source(wanted, most)
        if target is None or not self._make_room(room - length, source, length):
            return None
        target.fill(wanted, room)
        target.cells = np.zeros(room, np.int32)
        self._touch(target)
        if source:
            self._share(source, target, length)
        self._reserved += room - length
        return target

    def extend(self, slot: Slot, count: int, token: int | None = None) -> None:
        fresh = self._free[-count:]
        del self._free[-count:]
        slot.cells[slot.length : slot.length + count] = fresh
        self._holders[fresh] = 1
        self._reserved -= count
        super().extend(slot, count, token)

    def release(self, slot: Slot, kept: int) -> None:
        self._reserved -= slot.room - slot.length
        slot.busy = False
        self._cut(slot, min(kept, slot.length))
        if self._held_elsewhere(slot, slot.length):
            self._cut(slot, 0)
        self._touch(slot)
        idle = sum(not other.busy and other.length > 0 for other in self._slots)
        if idle > self._keep and (oldest := self._oldest()):
            self._cut(oldest, 0)

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
