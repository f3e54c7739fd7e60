import math
from typing import Any

import pytest

from workbench.errors import RecordError
from workbench.evaluation.benchmarks import Scale
from workbench.evaluation.scores import by_leaf, compare, score, value_of

SHARES, RATINGS = Scale(chance=0.25), Scale(1.0, 10.0)


def rows(right: int, wrong: int, leaf: str = "a") -> list[dict[str, Any]]:
    return [{"leaf": leaf, "right": True}] * right + [{"leaf": leaf, "right": False}] * wrong


def test_right_answers_are_a_share_with_its_interval() -> None:
    found = score(rows(81, 182), SHARES)
    assert found == {
        "items": 263,
        "failed": 0,
        "error_rate": 0.0,
        "right": 81,
        "score": 0.307985,
        "interval": [0.255289, 0.36621],
    }


def test_ratings_are_a_mean_within_their_scale() -> None:
    found = score([{"ratings": [10.0]}, {"ratings": [1.0]}, {"ratings": [None]}], RATINGS)
    assert (found["score"], found["failed"], found["error_rate"]) == (5.5, 1, 0.333333)
    assert 1.0 <= found["interval"][0] < 5.5 < found["interval"][1] <= 10.0
    assert "right" not in found


def test_ratings_of_a_conversation_hang_together() -> None:
    found = score([{"ratings": [10.0, 1.0]}, {"ratings": [4.0, None]}], RATINGS)
    assert (found["items"], found["failed"], found["error_rate"], found["score"]) == (2, 1, 0.25, 5.0)
    assert found["interval"] == score([{"ratings": [5.0]}] * 2, RATINGS)["interval"]
    assert value_of({"ratings": [10.0, 1.0]}) == 5.5


def test_failed_items_are_in_no_score() -> None:
    found = score([*rows(1, 1), {"leaf": "a", "failed": "too long"}], SHARES)
    assert (found["score"], found["error_rate"]) == (0.5, 0.333333)
    assert score([{"failed": "too long"}], SHARES)["score"] is None
    assert value_of({"ratings": [None]}) is None


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [(30, 80, "better"), (80, 30, "worse"), (50, 55, "same within noise")],
)
def test_a_change_is_said_in_words(before: int, after: int, verdict: str) -> None:
    found = compare(score(rows(before, 100 - before), SHARES), score(rows(after, 100 - after), SHARES), SHARES)
    assert found["verdict"] == verdict
    assert found["difference"] == pytest.approx((after - before) / 100)
    assert found["interval"][0] < found["difference"] < found["interval"][1]


def test_what_has_no_score_is_not_compared() -> None:
    nothing = score([{"ratings": [None]}], RATINGS)
    assert compare(nothing, score([{"ratings": [5.0]}], RATINGS), RATINGS)["verdict"] == "not comparable"


def test_leaves_that_only_one_model_has_are_kept() -> None:
    found = by_leaf({"base": rows(1, 1), "trained": [*rows(2, 0), *rows(1, 0, "b")]}, SHARES)
    assert found["a"].keys() == {"base", "trained", "change"}
    assert found["b"].keys() == {"trained"}


def test_all_ratings_of_both_turns_count_the_same() -> None:
    first, second = [7.0, 7.5, 7.0, 7.5], [6.5, 6.5, 6.5, 6.38]
    found = score([{"ratings": [one, two]} for one, two in zip(first, second, strict=True)], RATINGS)
    assert [round(each["score"], 2) for each in found["turns"].values()] == [7.25, 6.47]
    assert list(found["turns"]) == ["turn_one", "turn_two"]
    assert (round(found["score"], 2), found["items"], found["error_rate"]) == (6.86, 4, 0.0)


def test_a_turn_without_a_rating_is_an_error_of_one_turn() -> None:
    rows: list[dict[str, Any]] = [
        {"ratings": [8.0, None]},
        {"ratings": [6.0, 4.0]},
        {"failed": "too long", "turns": ["a", "b"]},
    ]
    found = score(rows, RATINGS)
    assert (found["items"], found["failed"], found["error_rate"], found["score"]) == (3, 3, 0.5, 6.0)
    assert [each["failed"] for each in found["turns"].values()] == [1, 2]
    assert [value_of(row) for row in rows] == [8.0, 5.0, None]


def test_two_turns_of_one_item_are_one_trial() -> None:
    two, one = (score([{"ratings": [5.0] * turns}] * 20, RATINGS) for turns in (2, 1))
    assert two["interval"] == one["interval"]
    assert "turns" not in one


@pytest.mark.parametrize("rating", [math.nan, math.inf, 0.5, 11.0])
def test_a_rating_outside_the_scale_is_named(rating: float) -> None:
    with pytest.raises(RecordError, match=r"writing/81 counts .*, which is not from 1 to 10") as raised:
        score([{"leaf": "writing", "id": "81", "ratings": [5.0, rating]}], RATINGS)
    assert "journal" in raised.value.hint
