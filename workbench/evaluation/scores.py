"""Journal rows to scores: how many, how good, how sure, and whether one is better than another."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workbench.errors import RecordError
from workbench.evaluation.benchmarks import WHO, Scale
from workbench.evaluation.intervals import difference, wilson
from workbench.evaluation.journal import Row

Score = dict[str, Any]
TURNS = ("turn_one", "turn_two")
# More than are shown, so that what is rounded again to two places comes out as if it had been rounded once.
PLACES = 6
BETTER, WORSE, SAME, UNKNOWN = "better", "worse", "same within noise", "not comparable"
UNCOMPARED = {"difference": None, "interval": None, "verdict": UNKNOWN}


def score(rows: Iterable[Row], scale: Scale) -> Score:
    """items, failed, error_rate; score and its 95 % interval (None when nothing could be scored); right, where an item
    is right or wrong; turns with the same of each turn, where there are several.

    What counts is each turn: `failed` and `error_rate` are of turns, and `score` is the mean of all that have a value.
    The interval takes the turns of one item for one trial, because they are about the same thing. RecordError for a
    value outside the scale.
    """
    values = [[_within(scale, value, row) for value in values_of(row)] for row in rows]
    found = _score(values, scale)
    turns = max(map(len, values), default=0)
    if turns > 1:
        by_turn = {TURNS[turn]: _score([item[turn : turn + 1] for item in values], scale) for turn in range(turns)}
        found["turns"] = by_turn
    return found


def _score(values: Sequence[Sequence[float | None]], scale: Scale) -> Score:
    turns = [value for item in values for value in item]
    valid = [value for value in turns if value is not None]
    failed = len(turns) - len(valid)
    result: Score = {"items": len(values), "failed": failed, "error_rate": _rounded(failed / max(1, len(turns)))}
    if scale.counts:
        result["right"] = int(sum(valid))
    if not valid:
        return result | {"score": None, "interval": None}
    mean = sum(valid) / len(valid)
    trials = sum(any(value is not None for value in item) for item in values)
    interval = wilson(scale.share(mean), trials)
    return result | {"score": _rounded(mean), "interval": [_rounded(scale.value(end)) for end in interval]}


def values_of(row: Row) -> list[float | None]:
    """What an item counts, turn by turn: 1 or 0 for right or wrong, its ratings, None for what failed or has none."""
    if "right" in row:
        return [float(row["right"])]
    if "ratings" in row:
        return [None if rating is None else float(rating) for rating in row["ratings"]]
    if "failed" in row:
        return [None] * max(1, len(row.get("turns", ())))
    rating = row.get("rating")
    return [None if rating is None else float(rating)]


def value_of(row: Row) -> float | None:
    """The mean of what its turns count; None when all failed."""
    valid = [value for value in values_of(row) if value is not None]
    return sum(valid) / len(valid) if valid else None


def compare(before: Score, after: Score, scale: Scale) -> dict[str, Any]:
    """The difference of two scores with its interval, and in words whether it is more than noise."""
    if before["score"] is None or after["score"] is None:
        return dict(UNCOMPARED)
    low, high = difference(_shares(before, scale), _shares(after, scale))
    verdict = BETTER if low > 0 else WORSE if high < 0 else SAME
    size = scale.high - scale.low
    change = _rounded(after["score"] - before["score"])
    return {"difference": change, "interval": [_rounded(low * size), _rounded(high * size)], "verdict": verdict}


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


def _within(scale: Scale, value: float | None, row: Row) -> float | None:
    """Not a number is not within any scale."""
    if value is None or scale.low <= value <= scale.high:
        return value
    raise RecordError(
        f"{row.get('leaf', '')}/{row.get('id', '')} counts {value}, which is not from {scale.low:g} to {scale.high:g}",
        hint="no evaluation wrote this line of the journal; delete it, and start the evaluation again",
    )


def _rounded(value: float) -> float:
    return round(value, PLACES)
