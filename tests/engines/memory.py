"""A plain model of llama.cpp's memory, against which the bookkeeping is held."""

from workbench.engines.slots import Slot, Slots


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


def evaluate(slots: Slots, memory: PlainMemory, slot: Slot) -> None:
    count = slot.planned - slot.length
    memory.grow(slot, count)
    slots.extend(slot, count)


def taken(slots: Slots, tokens: list[int], room: int) -> Slot:
    slot = slots.take(tokens, room)
    assert slot is not None
    return slot
