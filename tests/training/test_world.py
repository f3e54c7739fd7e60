from datetime import timedelta

import pytest

from tests.training.sharded import as_two
from workbench.training.world import ALONE, World


def test_alone_nobody_is_asked() -> None:
    assert World(0, 1) == ALONE
    assert ALONE.main
    assert ALONE.sum([1, 2.5]) == [1.0, 2.5]
    assert (ALONE.any(True), ALONE.any(False)) == (True, False)
    assert ALONE.share("this") == "this"
    assert ALONE.first("this") == "this"
    ALONE.barrier()
    ALONE.wait_for_all(timedelta(0))


def test_all_hear_the_same() -> None:
    """Told by the second of two processes."""
    heard = as_two()[0]["world"]
    assert heard["sum"] == [2.0, 10.0, 2.0**-39]
    assert heard["any of none"] is False
    assert heard["any of one"] is True
    assert heard["shared"] == {"from": 0}
    assert heard["first"] == "a wish"
    assert heard["main"] is False


@pytest.mark.parametrize(("rank", "main"), [(0, True), (1, False)])
def test_the_first_speaks_for_all(rank: int, main: bool) -> None:
    assert World(rank, 2).main is main
