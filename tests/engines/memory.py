"""A plain model of llama.cpp's memory, against which the bookkeeping is held."""

import numpy as np

from workbench.engines.cells import Cells
from workbench.engines.slots import Slot


class PlainMemory:
    """Which sequences hold which lengths, as llama.cpp would."""

    def __init__(self) -> None:
        self.lengths: dict[int, int] = {}
        self.shares: list[tuple[int, int, int]] = []

    def share(self, source: int, target: int, length: int) -> None:
        assert self.lengths.get(source, 0) >= length
        self.lengths[target] = length
        self.shares.append((source, target, length))

    def cut(self, sequence: int, length: int) -> None:
        self.lengths[sequence] = min(length, self.lengths.get(sequence, 0))

    def grow(self, slot: Slot, count: int) -> None:
        self.lengths[slot.sequence] = self.lengths.get(slot.sequence, 0) + count


def evaluate(cells: Cells, memory: PlainMemory, slot: Slot) -> None:
    count = slot.left
    memory.grow(slot, count)
    cells.extend(slot, count)


def taken(cells: Cells, tokens: list[int], room: int) -> Slot:
    slot = cells.take(np.asarray(tokens, np.int32), room, len(tokens) - 1)
    assert slot is not None
    return slot
