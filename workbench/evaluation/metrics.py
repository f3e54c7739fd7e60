"""The managed service's `model_metrics`, as far as the benchmarks that were run give it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.evaluation.benchmarks import WHO
from workbench.generation.leaf_names import service_names
from workbench.taxonomy.qna import FILE_NAME

Metrics = dict[str, Any]
Names = Callable[[Sequence[str]], Mapping[str, str]]
_SHOWN = ("improvements", "regressions", "no_change")
_PHASES = {1: "phase_1_knowledge", 2: "phase_2_skills"}


def model_metrics(
    results: Mapping[str, Mapping[str, Any]],
    phases: Sequence[Mapping[str, Any]] = (),
    estimated: int | None = None,
) -> Metrics:
    """`results` by benchmark as in the manifest, `phases` those of the trained run's, `estimated` the tokens that they
    were expected to read.

    All figures have two places. Leaves of mmlu_branch are named `knowledge_<path>`, those of mt_bench_branch by their
    qna.yaml. What the service's object has no place for (leaves that one model alone has a score for, intervals, whose
    questions they are) lies in the results themselves.
    """
    made = {name: make(results[name]) for name, make in _OBJECTS.items() if name in results}
    return made | {"tokens": _tokens(phases, estimated)}


def estimated_tokens(phases: Sequence[Mapping[str, Any]], once: Mapping[str, int]) -> int | None:
    """What the phases of a trained run were expected to read, which is what their own counts add up to: each reads the
    tokens of its training file, `once` as in `data_metrics`, in every epoch. None where a phase is not known there.

    A data run knows neither the epochs nor the base: its counts are of one epoch, and of texts without a template.
    """
    read = [(once.get(_PHASES.get(phase.get("phase", 0), "")), phase.get("epochs")) for phase in phases]
    known = [tokens * epochs for tokens, epochs in read if tokens is not None and epochs is not None]
    return sum(known) if known and len(known) == len(read) else None


def _subjects(result: Mapping[str, Any]) -> Metrics:
    """Of the trained model; a subject of which nothing could be scored has none."""
    scores = {leaf: models["trained"]["score"] for leaf, models in result["leaves"].items() if "trained" in models}
    return {"scores": _scored(scores), "overall_average": _places(result["trained"]["overall_average"])}


def _turns(result: Mapping[str, Any]) -> Metrics:
    """Of the trained model; the average is that of all ratings, not of the turns'."""
    found = result["trained"]
    scores = {turn: each["score"] for turn, each in found.get("turns", {"turn_one": found}).items()}
    return {
        "scores": _scored(scores),
        "overall_average": _places(found["score"]),
        "error_rate": _places(found["error_rate"]),
    }


def _branch(result: Mapping[str, Any], named: Names) -> Metrics:
    """The rate is the mean of both models'; where there is no base there are no changes either."""
    rates = [result[who]["error_rate"] for who in WHO if who in result]
    changes = result.get("deltas", {kind: {} for kind in _SHOWN})
    names = named([leaf for kind in _SHOWN for leaf in changes[kind]])
    shown = {kind: {names[leaf]: change for leaf, change in changes[kind].items()} for kind in _SHOWN}
    return {"error_rate": _places(sum(rates) / len(rates)), **shown}


def _files(leaves: Sequence[str]) -> Mapping[str, str]:
    return {leaf: f"{leaf}/{FILE_NAME}" for leaf in leaves}


_OBJECTS: dict[str, Callable[[Mapping[str, Any]], Metrics]] = {
    "mmlu": _subjects,
    "mmlu_branch": lambda result: _branch(result, service_names),
    "mt_bench": _turns,
    "mt_bench_branch": lambda result: _branch(result, _files),
}


def _tokens(phases: Sequence[Mapping[str, Any]], estimated: int | None) -> Metrics:
    """Tokens that training consumed, by phase; nothing where a phase does not say."""
    counts = {_PHASES.get(phase.get("phase", 0), ""): phase.get("tokens") for phase in phases}
    expected = {} if estimated is None else {"training_estimated": estimated}
    if not counts or not all(name and isinstance(count, int) for name, count in counts.items()):
        return {"training_phases": {}, **expected}
    return {"training_phases": counts, "training_total": sum(count or 0 for count in counts.values()), **expected}


def _scored(scores: Mapping[str, float | None]) -> dict[str, float]:
    return {name: round(score, 2) for name, score in scores.items() if score is not None}


def _places(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 2)
