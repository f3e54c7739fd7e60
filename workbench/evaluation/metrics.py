"""The managed service's `model_metrics`, as far as the benchmarks that were run give it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.evaluation.benchmarks import WHO
from workbench.taxonomy.qna import FILE_NAME

Metrics = dict[str, Any]
_SHOWN = ("improvements", "regressions", "no_change")
_PHASES = {1: "phase_1_knowledge", 2: "phase_2_skills"}


def model_metrics(results: Mapping[str, Mapping[str, Any]], phases: Sequence[Mapping[str, Any]] = ()) -> Metrics:
    """`results` by benchmark as in the manifest, `phases` those of the trained run's.

    Leaves of mmlu_branch are named `knowledge_<path>`, those of mt_bench_branch by their qna.yaml.
    """
    metrics: Metrics = {}
    if "mmlu" in results:
        metrics["mmlu"] = _subjects(results["mmlu"])
    if "mmlu_branch" in results:
        metrics["mmlu_branch"] = _branch(results["mmlu_branch"], _task)
    if "mt_bench" in results:
        metrics["mt_bench"] = _turns(results["mt_bench"]["trained"])
    if "mt_bench_branch" in results:
        metrics["mt_bench_branch"] = _branch(results["mt_bench_branch"], _file)
    return metrics | {"tokens": _tokens(phases)}


def _subjects(result: Mapping[str, Any]) -> Metrics:
    """Of the trained model; a subject of which nothing could be scored has none."""
    scores = {leaf: models["trained"]["score"] for leaf, models in result["leaves"].items()}
    rounded = {leaf: round(share, 2) for leaf, share in scores.items() if share is not None}
    average = result["trained"]["overall_average"]
    return {"scores": rounded, "overall_average": None if average is None else round(average, 2)}


def _turns(trained: Mapping[str, Any]) -> Metrics:
    """Of the trained model; of all ratings those count as errors that are none."""
    shown = {name: trained[name] for name in ("scores", "overall_average")}
    return shown | {"error_rate": round(trained["error_rate"], 2)}


def _branch(result: Mapping[str, Any], named: Callable[[str], str]) -> Metrics:
    """The rate is the mean of both models'; where there is no base there are no changes either."""
    rates = [result[who]["error_rate"] for who in WHO if who in result]
    changes = result.get("deltas", {kind: {} for kind in _SHOWN})
    shown = {kind: {named(leaf): change for leaf, change in changes[kind].items()} for kind in _SHOWN}
    return {"error_rate": round(sum(rates) / len(rates), 2), **shown}


def _task(leaf: str) -> str:
    return leaf.replace("/", "_")


def _file(leaf: str) -> str:
    return f"{leaf}/{FILE_NAME}"


def _tokens(phases: Sequence[Mapping[str, Any]]) -> Metrics:
    """Tokens that training consumed, by phase; nothing where a phase does not say."""
    counts = {_PHASES.get(phase.get("phase", 0), ""): phase.get("tokens") for phase in phases}
    if not counts or not all(name and isinstance(count, int) for name, count in counts.items()):
        return {"training_phases": {}}
    return {"training_phases": counts, "training_total": sum(count or 0 for count in counts.values())}
