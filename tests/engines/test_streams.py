import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines.memory import PlainMemory, evaluate, taken
from workbench.engines.slots import Slot
from workbench.engines.streams import Streams


def make(capacity: int = 20, sequences: int = 3, keep: int = 2) -> tuple[Streams, PlainMemory]:
    memory = PlainMemory()
    return Streams(memory, capacity=capacity, sequences=sequences, keep=keep), memory


def test_an_equal_beginning_is_copied() -> None:
    streams, memory = make()
    first = taken(streams, [1, 2, 3, 4], 10)
    evaluate(streams, memory, first)
    second = taken(streams, [1, 2, 3, 9], 10)
    assert second.length == 3
    assert memory.shares == [(0, 1, 3)]
    assert taken(streams, [1, 2, 3, 9], 10).length == 3


def test_the_first_free_slot_is_taken_and_room_is_limited() -> None:
    streams, _ = make()
    slots = [taken(streams, [number], 20) for number in (1, 2, 3)]
    assert [slot.sequence for slot in slots] == [0, 1, 2]
    assert streams.take([4], 5) is None
    streams.release(slots[1], 0)
    assert streams.take([4], 21) is None
    assert taken(streams, [4], 5).sequence == 1


def test_prompts_move_behind_the_working_slots() -> None:
    streams, memory = make()
    for number in (1, 2, 3):
        slot = taken(streams, [number, number, 7], 5)
        evaluate(streams, memory, slot)
        streams.release(slot, 2)
    assert memory.lengths == {0: 0, 3: 2, 4: 2}
    assert [streams.shared(np.asarray([n, n, 8], np.int32))[1] for n in (1, 2, 3)] == [0, 2, 2]
    assert taken(streams, [2, 2, 8], 5).length == 2
    slot = taken(streams, [4, 4], 5)
    evaluate(streams, memory, slot)
    streams.release(slot, 2)
    assert [streams.shared(np.asarray([n, n, 8], np.int32))[1] for n in (2, 3, 4)] == [2, 0, 2]


def test_a_prompt_that_is_held_is_not_kept_twice() -> None:
    streams, memory = make()
    slots = []
    for _ in range(3):
        slots.append(taken(streams, [1, 2, 3], 6))
        evaluate(streams, memory, slots[-1])
    for slot in slots:
        streams.release(slot, 3)
    assert memory.lengths == {0: 0, 1: 0, 2: 0, 3: 3}


def test_nothing_is_kept_where_nothing_is_wanted() -> None:
    streams, memory = make(keep=0)
    slot = taken(streams, [1, 2, 3], 6)
    evaluate(streams, memory, slot)
    streams.release(slot, 3)
    assert streams.shared(np.asarray([1, 2, 3], np.int32)) == (None, 0)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_books_and_memory_agree_whatever_happens(data: st.DataObject) -> None:
    streams, memory = make(sequences=4)
    busy: list[tuple[Slot, list[int]]] = []
    for _ in range(data.draw(st.integers(1, 25))):
        release = bool(data.draw(st.booleans()))
        if busy and release:
            slot, tokens = busy.pop(data.draw(st.integers(0, len(busy) - 1)))
            streams.release(slot, data.draw(st.integers(0, len(tokens))))
        else:
            tokens = data.draw(st.lists(st.integers(0, 1), min_size=1, max_size=8))
            if found := streams.take(tokens, len(tokens) + 2):
                evaluate(streams, memory, found)
                memory.grow(found, 1)
                streams.extend(found, 1, 7)
                busy.append((found, tokens))
        for slot, tokens in busy:
            assert memory.lengths[slot.sequence] == slot.length == len(tokens) + 1
            assert slot.tokens[: slot.length].tolist() == [*tokens, 7]
