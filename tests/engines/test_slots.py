import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.engines.slots import Slot, common


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), max_size=6), st.lists(st.integers(0, 3), max_size=6))
def test_common_beginnings(left: list[int], right: list[int]) -> None:
    expected = 0
    while expected < min(len(left), len(right)) and left[expected] == right[expected]:
        expected += 1
    assert common(np.asarray(left, np.int32), np.asarray(right, np.int32)) == expected


def test_a_slot_knows_what_is_left_of_its_tokens() -> None:
    slot = Slot(3)
    slot.fill(np.asarray([1, 2, 3], np.int32), 5)
    assert (slot.left, slot.length, slot.room, slot.busy) == (3, 0, 5, True)
    slot.length = 5
    assert slot.left == 0
