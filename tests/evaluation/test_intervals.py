import pytest

from workbench.evaluation.intervals import difference, wilson


def test_wilson_against_known_values() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(1 / 29, 29) == pytest.approx((0.0061, 0.1718), abs=1e-4)


def test_the_difference_against_known_values() -> None:
    # Newcombe 1998, the second paper, method 10: 56 of 70 against 48 of 80, and 9 of 10 against 3 of 10.
    after, before = (56 / 70, wilson(56 / 70, 70)), (48 / 80, wilson(48 / 80, 80))
    assert difference(before, after) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    after, before = (9 / 10, wilson(9 / 10, 10)), (3 / 10, wilson(3 / 10, 10))
    assert difference(before, after) == pytest.approx((0.1705, 0.8090), abs=1e-4)


def test_an_interval_holds_its_share_and_narrows() -> None:
    for number in (1, 10, 1000):
        for share in (0.0, 0.3, 1.0):
            low, high = wilson(share, number)
            assert 0.0 <= low <= share <= high <= 1.0
    wide, narrow = wilson(0.5, 10), wilson(0.5, 1000)
    assert wide[1] - wide[0] > narrow[1] - narrow[0]
