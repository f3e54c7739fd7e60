"""One figure of many subjects: each counts the same, however many questions it has."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from workbench.evaluation.scores import PLACES


def over_subjects(scores: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    """The plain mean of shares of right answers, and its standard error; None where no subject could be scored.

    A share's own error is that of the mean of its zeros and ones, the deviation taken over one item less.
    """
    scored = [each for each in scores if each["score"] is not None]
    if not scored:
        return {"overall_average": None, "standard_error": None}
    mean = sum(each["score"] for each in scored) / len(scored)
    error = math.sqrt(sum(standard_error(each) ** 2 for each in scored)) / len(scored)
    return {"overall_average": round(mean, PLACES), "standard_error": round(error, PLACES)}


def standard_error(score: Mapping[str, Any]) -> float:
    """Of one subject; 0 where there is one item alone."""
    items, share = score["items"] - score["failed"], score["score"]
    return math.sqrt(share * (1 - share) / (items - 1)) if items > 1 else 0.0
