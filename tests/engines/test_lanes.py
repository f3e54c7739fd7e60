import numpy as np
import pytest

from workbench.engines.answers import Answer
from workbench.engines.engine import Request
from workbench.engines.slots import Slot


@pytest.mark.parametrize(
    ("length", "first", "spare", "expected"),
    [
        (0, 9, 4, (4, 0)),
        (0, 9, 20, (10, 1)),
        (9, 9, 20, (1, 1)),
        (0, 6, 8, (8, 2)),
        (8, 6, 8, (2, 2)),
        (3, 6, 0, (0, 0)),
    ],
)
def test_what_is_fed_and_how_much_of_it_has_logits(
    length: int, first: int, spare: int, expected: tuple[int, int]
) -> None:
    prompt = np.arange(10, dtype=np.int32)
    lane = Answer(Request("a", prompt="x"), prompt, first, 20)
    lane.slot = Slot(0)
    lane.slot.fill(prompt, 20)
    lane.slot.length = length
    assert lane.feed(spare) == expected[0]
    assert (lane.feeding, lane.outputs) == expected
