"""The lines of a benchmark's table and of its picture: what each says is the same."""

from collections.abc import Mapping
from typing import Any

from workbench.evaluation.benchmarks import WHO, Scale
from workbench.evaluation.scores import compare

LEAVES, QUESTIONS, SUBJECTS = "all leaves", "all questions", "mean of subjects"
_SURE = 1.96
Models = Mapping[str, Any]


def leaf_lines(found: Mapping[str, Any]) -> dict[str, Models]:
    """The scores of the models and their change, leaf by leaf."""
    return dict(found["leaves"])


def whole_lines(found: Mapping[str, Any]) -> dict[str, Models]:
    """The same for turns, for all items, and for all subjects where each counts the same."""
    lines = {name.replace("_", " "): models for name, models in found.get("turns", {}).items()}
    if len(found["leaves"]) > 1:
        lines[QUESTIONS if "set" in found else LEAVES] = found
        lines |= _subjects(found)
    return lines


def verdict(leaf: str, models: Models, found: Mapping[str, Any]) -> str:
    """What became of a line in words; a leaf that one model alone has a score for is new or gone."""
    changes = found.get("deltas", {})
    if leaf in changes.get("new", ()):
        return "new: the base has no score"
    if leaf in changes.get("gone", ()):
        return "gone: the trained model has no score"
    if "change" not in models:
        return "not compared"
    said = str(models["change"]["verdict"])
    several = leaf not in found["leaves"] and (changes.get("new") or changes.get("gone"))
    return f"{said}: not the same {'subjects' if 'set' in found else 'leaves'}" if several else said


def _subjects(found: Mapping[str, Any]) -> dict[str, Models]:
    known = [who for who in WHO if found.get(who, {}).get("overall_average") is not None]
    averaged: dict[str, Any] = {who: _average(found[who]) for who in known}
    if not averaged:
        return {}
    if len(averaged) < len(WHO):
        return {SUBJECTS: averaged}
    change = found["change"]
    if change["difference"] is not None:
        change = compare(averaged["base"], averaged["trained"], Scale(**found["scale"]))
    return {SUBJECTS: averaged | {"change": change}}


def _average(score: Mapping[str, Any]) -> dict[str, Any]:
    mean, error = score["overall_average"], _SURE * score["standard_error"]
    return {"score": mean, "interval": [max(0.0, mean - error), min(1.0, mean + error)], "failed": score["failed"]}
