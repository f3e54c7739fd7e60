"""Results of an evaluation in the form of its manifest."""

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.evaluation.averages import over_subjects
from workbench.evaluation.benchmarks import WHO, Benchmark, Scale
from workbench.evaluation.deltas import deltas
from workbench.evaluation.journal import Row
from workbench.evaluation.scores import UNCOMPARED, by_leaf, compare, score

Result = dict[str, Any]


def result(asked: Benchmark, rows: Mapping[str, Sequence[Row]]) -> Result:
    """Scores over all items by model, their change, the same by leaf, and deltas; `rows` are those by model.

    Without a base there is no change, and no deltas either.
    """
    scale = asked.scale
    found: Result = {"title": asked.title, "scale": {"low": scale.low, "high": scale.high, "chance": scale.chance}}
    found |= {who: score(rows[who], scale) for who in WHO if who in rows}
    leaves = by_leaf(rows, scale)
    if asked.set:
        found["set"] = asked.set
    if asked.set and scale.counts:
        for who in WHO:
            if who in rows:
                found[who] |= over_subjects(models[who] for models in leaves.values() if who in models)
    if all(who in rows for who in WHO):
        found["deltas"] = deltas(_scores(leaves, "base"), _scores(leaves, "trained"))
        found["change"] = _change(found, found["deltas"], scale)
    return found | {"leaves": leaves} | _turns(found, scale)


def _change(models: Mapping[str, Any], changes: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Of scores over several leaves, which cannot be compared where a leaf has a score of one model alone."""
    if changes["new"] or changes["gone"]:
        return dict(UNCOMPARED)
    return compare(models["base"], models["trained"], scale)


def _turns(found: Result, scale: Scale) -> Result:
    """Each turn with its models and their change; nothing where every item has one turn."""
    turns = {who: found[who]["turns"] for who in WHO if "turns" in found.get(who, {})}
    by_turn: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(name for each in turns.values() for name in each):
        models: dict[str, Any] = {who: each[name] for who, each in turns.items() if name in each}
        whole = len(models) == len(WHO)
        change = {"change": _change(models, found["deltas"], scale)} if whole else {}
        by_turn[name] = models | change
    return {"turns": by_turn} if by_turn else {}


def headline(results: Mapping[str, Result]) -> dict[str, float | None]:
    """The three figures of the proof, from 0 to 1; None for what was not asked.

    Where there is no base, the model itself shows that it can read.
    """
    reader = "base" if "base" in results.get("reading", {}) else "trained"
    return {
        "base_accuracy": _score(results, "proof", "base"),
        "trained_accuracy": _score(results, "proof", "trained"),
        "reading_accuracy": _score(results, "reading", reader),
    }


def _score(results: Mapping[str, Result], name: str, who: str) -> float | None:
    found: float | None = results.get(name, {}).get(who, {}).get("score")
    return found


def _scores(leaves: Mapping[str, Mapping[str, Any]], who: str) -> dict[str, float | None]:
    return {leaf: models[who]["score"] for leaf, models in leaves.items() if who in models}
