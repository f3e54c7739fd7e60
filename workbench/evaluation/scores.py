"""Journal rows to scores: how many, how good, how sure, and whether one is better than another."""

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.evaluation.benchmarks import WHO, Scale
from workbench.evaluation.intervals import difference, wilson
from workbench.evaluation.journal import Row

Score = dict[str, Any]
BETTER, WORSE, SAME, UNKNOWN = "better", "worse", "same within noise", "not comparable"


def score(rows: Iterable[Row], scale: Scale) -> Score:
    """items, failed, error_rate; score and its 95 % interval (None when nothing could be scored); right, where an item
    is right or wrong.

    Of conversations each rating counts as an item, but for the interval each conversation: its ratings hang together.
    """
    counted = [values_of(row) for row in rows]
    values = [value for each in counted for value in each]
    valid = [value for value in values if value is not None]
    failed = len(values) - len(valid)
    result: Score = {"items": len(values), "failed": failed, "error_rate": round(failed / max(1, len(values)), 4)}
    if scale.counts:
        result["right"] = int(sum(valid))
    if not valid:
        return result | {"score": None, "interval": None}
    mean = sum(valid) / len(valid)
    apart = sum(any(value is not None for value in each) for each in counted)
    interval = wilson(scale.share(mean), apart)
    return result | {"score": round(mean, 4), "interval": [round(scale.value(end), 4) for end in interval]}


def value_of(row: Row) -> float | None:
    """What an item counts: 1 or 0 for right or wrong, the mean of its ratings, or None when it failed."""
    valid = [value for value in values_of(row) if value is not None]
    return sum(valid) / len(valid) if valid else None


def values_of(row: Row) -> list[float | None]:
    """What each turn of an item counts; an item that is not rated has one."""
    if "right" in row:
        return [float(row["right"])]
    return [None if rating is None else float(rating) for rating in row.get("ratings", [None])]


def compare(before: Score, after: Score, scale: Scale) -> dict[str, Any]:
    """The difference of two scores with its interval, and in words whether it is more than noise."""
    if before["score"] is None or after["score"] is None:
        return {"difference": None, "interval": None, "verdict": UNKNOWN}
    low, high = difference(_shares(before, scale), _shares(after, scale))
    verdict = BETTER if low > 0 else WORSE if high < 0 else SAME
    size = scale.high - scale.low
    change = round(after["score"] - before["score"], 4)
    return {"difference": change, "interval": [round(low * size, 4), round(high * size, 4)], "verdict": verdict}


def by_leaf(rows: Mapping[str, Iterable[Row]], scale: Scale) -> dict[str, dict[str, Any]]:
    """For each leaf the score of each model, and their difference where both have one; `rows` are those by model."""
    grouped: dict[str, dict[str, list[Row]]] = {}
    for who in WHO:
        for row in rows.get(who, ()):
            grouped.setdefault(row["leaf"], {}).setdefault(who, []).append(row)
    leaves: dict[str, dict[str, Any]] = {}
    for leaf, found in sorted(grouped.items()):
        leaves[leaf] = {who: score(found[who], scale) for who in WHO if who in found}
        if len(found) == len(WHO):
            leaves[leaf]["change"] = compare(leaves[leaf]["base"], leaves[leaf]["trained"], scale)
    return leaves


def _shares(found: Score, scale: Scale) -> tuple[float, tuple[float, float]]:
    low, high = found["interval"]
    return scale.share(found["score"]), (scale.share(low), scale.share(high))
