from workbench.evaluation.journal import Row
from workbench.evaluation.turns import by_turn


def spread(mean: float, items: int) -> list[float]:
    """Ratings with that mean."""
    total = round(mean * items)
    return [float(total // items + (number < total % items)) for number in range(items)]


def test_each_rating_counts_the_same() -> None:
    turns = zip(spread(7.25, 100), spread(6.47, 100), strict=True)
    assert by_turn({"ratings": list(pair)} for pair in turns) == {
        "scores": {"turn_one": 7.25, "turn_two": 6.47},
        "overall_average": 6.86,
    }


def test_the_overall_average_is_not_that_of_the_turns() -> None:
    rows: list[Row] = [{"ratings": [10.0, 1.0]}, {"ratings": [10.0, None]}, {"ratings": [10.0]}]
    assert by_turn(rows) == {"scores": {"turn_one": 10.0, "turn_two": 1.0}, "overall_average": 7.75}


def test_what_has_no_valid_rating_has_no_score() -> None:
    found = by_turn([{"ratings": [3.0, None]}, {"ratings": [None, None]}])
    assert found == {"scores": {"turn_one": 3.0, "turn_two": None}, "overall_average": 3.0}
    assert by_turn([{"ratings": [None, None]}])["overall_average"] is None
