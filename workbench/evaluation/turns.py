"""Ratings of conversations by turn, each rating counting the same."""

from collections.abc import Iterable
from typing import Any

from workbench.evaluation.journal import Row

NAMES = ("turn_one", "turn_two")


def by_turn(rows: Iterable[Row]) -> dict[str, Any]:
    """`scores`: the mean of the valid ratings of each turn, None for one without; `overall_average`: that of all of
    both turns. To two places."""
    turns: tuple[list[float], list[float]] = ([], [])
    for row in rows:
        for valid, rating in zip(turns, row["ratings"], strict=False):
            valid += [] if rating is None else [float(rating)]
    scores = {name: _mean(valid) for name, valid in zip(NAMES, turns, strict=True)}
    return {"scores": scores, "overall_average": _mean([rating for valid in turns for rating in valid])}


def _mean(ratings: list[float]) -> float | None:
    return round(sum(ratings) / len(ratings), 2) if ratings else None
