"""The bookkeeping against a plain model of the same memory."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines.memory import PlainMemory, evaluate, taken
from workbench.engines.cells import Cells
from workbench.engines.slots import Slot


def make(capacity: int = 100, sequences: int = 6, keep: int = 3) -> tuple[Cells, PlainMemory]:
    memory = PlainMemory()
    return Cells(memory, capacity=capacity, sequences=sequences, keep=keep), memory


def test_an_equal_beginning_is_shared_and_its_cells_counted_once() -> None:
    cells, memory = make()
    first = taken(cells, [1, 2, 3, 4], 10)
    assert first.length == 0
    evaluate(cells, memory, first)
    second = taken(cells, [1, 2, 3, 9], 10)
    assert second.length == 3
    evaluate(cells, memory, second)
    assert cells.used == 5
    assert memory.shares == [(first.sequence, second.sequence, 3)]


def test_the_last_token_is_always_left_to_evaluate() -> None:
    cells, memory = make()
    evaluate(cells, memory, taken(cells, [1, 2, 3], 3))
    assert taken(cells, [1, 2, 3], 3).length == 2
    assert taken(cells, [1, 2, 3, 4], 4).length == 3


def test_no_more_is_taken_over_than_asked_for() -> None:
    cells, memory = make()
    evaluate(cells, memory, taken(cells, [1, 2, 3, 4, 5], 5))
    slot = cells.take(np.asarray([1, 2, 3, 4, 5], np.int32), 5, 2)
    assert slot is not None
    assert slot.length == 2


def test_room_that_was_promised_is_not_given_away() -> None:
    cells, _ = make(capacity=20)
    taken(cells, [1, 2], 15)
    tokens = np.asarray([7, 8], np.int32)
    assert cells.take(tokens, 6, 1) is None
    assert cells.take(tokens, 5, 1) is not None


def test_idle_prompts_give_way_the_least_useful_first() -> None:
    cells, memory = make(capacity=12, keep=3)
    slots = [taken(cells, [number, number], 4) for number in (1, 2, 3)]
    for slot in slots:
        evaluate(cells, memory, slot)
    for slot in slots:
        cells.release(slot, 2)
    again = taken(cells, [1, 1, 5], 3)
    assert again.length == 2
    cells.release(again, 2)
    assert cells.used == 6
    big = taken(cells, [9] * 8, 8)
    assert cells.shared(np.asarray([1, 1], np.int32))[1] == 2
    assert cells.shared(np.asarray([2, 2], np.int32))[1] == 0
    cells.release(big, 0)


def test_a_prompt_that_another_slot_holds_is_not_kept_twice() -> None:
    cells, memory = make()
    slots = [taken(cells, [1, 2, 3], 6)]
    evaluate(cells, memory, slots[0])
    for _ in range(3):
        slots.append(taken(cells, [1, 2, 3], 6))
        evaluate(cells, memory, slots[-1])
    for slot in slots:
        cells.release(slot, 3)
    assert sum(length > 0 for length in memory.lengths.values()) == 1
    assert cells.used == 3


def test_no_more_idle_prompts_are_kept_than_wanted() -> None:
    cells, memory = make(keep=2)
    for number in range(1, 6):
        slot = taken(cells, [number, number], 2)
        evaluate(cells, memory, slot)
        cells.release(slot, 2)
    assert sum(length > 0 for length in memory.lengths.values()) == 2


def test_what_another_slot_mostly_holds_goes_before_what_is_older() -> None:
    cells, memory = make(keep=2)
    for tokens in ([9, 9, 9, 9], [1, 2, 3, 4, 5], [1, 2, 3, 4, 6]):
        slot = taken(cells, tokens, 6)
        evaluate(cells, memory, slot)
        cells.release(slot, 5)
    assert cells.shared(np.asarray([9, 9, 9, 9], np.int32))[1] == 4
    assert cells.shared(np.asarray([1, 2, 3, 4, 7], np.int32))[1] == 4


def test_a_source_gives_up_its_tail_when_nothing_else_is_left() -> None:
    cells, memory = make(capacity=10)
    slot = taken(cells, [1, 2, 3, 4, 5, 6, 7, 8], 8)
    evaluate(cells, memory, slot)
    cells.release(slot, 8)
    assert taken(cells, [1, 2, 3, 9], 10).length == 3


def test_what_is_coming_is_known() -> None:
    cells, memory = make()
    slot = taken(cells, [1, 2, 3, 4], 4)
    assert cells.coming(np.asarray([1, 2, 5], np.int32)) == 2
    evaluate(cells, memory, slot)
    assert cells.coming(np.asarray([1, 2, 5], np.int32)) == 0


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_books_and_memory_agree_whatever_happens(data: st.DataObject) -> None:
    cells, memory = make(capacity=30, sequences=7, keep=2)
    busy: list[tuple[Slot, list[int]]] = []
    for _ in range(data.draw(st.integers(1, 25))):
        release = bool(data.draw(st.booleans()))
        if busy and release:
            slot, tokens = busy.pop(data.draw(st.integers(0, len(busy) - 1)))
            cells.release(slot, data.draw(st.integers(0, len(tokens))))
        elif len(busy) < 4:
            tokens = data.draw(st.lists(st.integers(0, 1), min_size=1, max_size=8))
            if found := cells.take(np.asarray(tokens, np.int32), len(tokens) + 2, len(tokens) - 1):
                evaluate(cells, memory, found)
                memory.grow(found, 1)
                cells.extend_each([found])
                busy.append((found, tokens))
        for slot, tokens in busy:
            assert memory.lengths[slot.sequence] == slot.length == len(tokens) + 1
            assert slot.tokens.tolist() == tokens
        assert 0 <= cells.used <= cells.capacity
    for slot, _ in busy:
        cells.release(slot, 0)
    assert cells.take(np.asarray([5], np.int32), 30, 0) is not None, "cells were lost"
