"""Memory of its own for every sequence: equal beginnings are evaluated once, then copied."""

from collections.abc import Sequence

import numpy as np

from workbench.engines.slots import Memory, Slot, Slots, Tokens


class Streams(Slots):
    """`capacity` tokens in each of `sequences` working slots, and of `keep` slots behind them that hold prompts.

    Busy slots lie side by side from the first one on, because llama.cpp evaluates neighbours together.
    """

    def __init__(self, memory: Memory, *, capacity: int, sequences: int, keep: int) -> None:
        super().__init__(memory, sequences + keep)
        self.capacity = capacity
        self._working, self._kept = self._slots[:sequences], self._slots[sequences:]

    def take(self, tokens: Sequence[int] | Tokens, room: int, most: int | None = None) -> Slot | None:
        wanted = np.asarray(tokens, np.int32)
        target = next((slot for slot in self._working if not slot.busy), None)
        if target is None or room > self.capacity:
            return None
        source, length = self._source(wanted, most)
        target.fill(wanted, room)
        if source:
            self._copy(source, target, length)
        return target

    def release(self, slot: Slot, kept: int) -> None:
        length = min(kept, slot.length)
        if length and self._kept and not self._held_elsewhere(slot, length):
            keeper = min(self._kept, key=lambda each: each.used)
            keeper.tokens = slot.tokens[:length].copy()
            self._copy(slot, keeper, length)
        slot.busy = False
        slot.length = slot.planned = 0
        self._memory.cut(slot.sequence, 0)

    def _copy(self, source: Slot, target: Slot, length: int) -> None:
        self._memory.share(source.sequence, target.sequence, length)
        target.length = length
        self._touch(source)
        self._touch(target)
