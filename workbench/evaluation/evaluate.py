"""The step `evaluate`: asks, judges, compares, and writes down what came of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.errors import NotFoundError
from workbench.evaluation.examination import Examination
from workbench.evaluation.inquiry import learning_record
from workbench.evaluation.metrics import estimated_tokens, model_metrics
from workbench.evaluation.models import Models
from workbench.evaluation.options import BENCHMARKS, EvaluationOptions
from workbench.evaluation.plan import Plan, make_plan
from workbench.evaluation.progress import Progress
from workbench.evaluation.results import Result, headline, result
from workbench.records import read_json, write_json
from workbench.runs import Attempt, Run, Stop
from workbench.workspace import Workspace

# The phases of a trained run, and how many tokens they were expected to read.
Tokens = tuple[Sequence[Mapping[str, Any]], int | None]


def inputs(options: EvaluationOptions, workspace: Workspace) -> dict[str, str]:
    """SHA-256 of the questions, the models and the judge; raises for anything that is missing or wrong among them."""
    return make_plan(options, workspace).inputs()


def evaluate(options: EvaluationOptions, run: Run, attempt: Attempt, stop: Stop) -> dict[str, Any]:
    """Asks base and trained model and lets the judge rate; goes on from the journals of an earlier attempt.

    Each benchmark's result lies in `Artifacts/<benchmark>.json`, and of a trained run also in its `Eval/`, beside the
    `model_metrics.json` of all benchmarks that it was ever asked; of a checkpoint in `Eval/<phase>/<checkpoint>/`.
    """
    workspace = Workspace(run.folder.parents[1])
    plan = make_plan(options, workspace)
    examination = Examination(plan, options, run.artifacts, Progress(attempt, stop))
    examination.check()
    for subject in plan.models.subjects:
        examination.ask(subject)
    examination.judge()
    results = results_of(plan, examination)
    learning = learning_record(plan.models, workspace, run.artifacts, results)
    write_results(run.artifacts, plan, results)
    tokens = _tokens(plan.models, workspace)
    for folder in _shelf(plan.models):
        shelve(folder, plan, results, tokens)
        if learning["leaves"]:
            write_json(folder / "learning.json", learning)
    of = plan.models.run
    trained = {"trained_run": {"id": of.id, "checkpoint": plan.models.checkpoint} if of else None}
    return trained | account(plan, results, tokens) | {"learning": learning}


def results_of(plan: Plan, examination: Examination) -> dict[str, Result]:
    """By benchmark, of all items that are finished."""
    whos = [subject.who for subject in plan.models.subjects]
    return {
        asked.name: result(asked, {who: examination.rows(asked, who) for who in whos if plan.asks(asked, who)})
        for asked in plan.benchmarks
    }


def account(plan: Plan, results: Mapping[str, Result], tokens: Tokens) -> dict[str, Any]:
    """What a manifest says of an evaluation."""
    return {
        "models": _names(plan),
        "benchmarks": results,
        "skipped": plan.skipped,
        "headline": headline(results),
        "model_metrics": model_metrics(results, *tokens),
    }


def write_results(folder: Path, plan: Plan, results: Mapping[str, Result]) -> None:
    """`<benchmark>.json` each."""
    for name, found in results.items():
        write_json(folder / f"{name}.json", {"benchmark": name, "models": _names(plan), **found})


def shelve(folder: Path, plan: Plan, results: Mapping[str, Result], tokens: Tokens = ((), None)) -> None:
    """Into a trained run's `Eval/`, or below it for a checkpoint: the results, and the metrics of all that it was ever
    asked."""
    write_results(folder, plan, results)
    write_json(folder / "model_metrics.json", model_metrics(_kept(folder), *tokens))


def tokens_of(manifest: Mapping[str, Any], workspace: Workspace) -> Tokens:
    """The phases of a trained run, and the tokens that they were to read, where its data run is still there."""
    source = manifest.get("data", {}).get("id", "")
    try:
        data = workspace.get("synthetic_data", source).manifest if source else {}
    except NotFoundError:
        data = {}
    phases, once = manifest.get("phases", []), data.get("data_metrics", {}).get("tokens", {}).get("training_phases", {})
    return phases, estimated_tokens(phases, once)


def _names(plan: Plan) -> dict[str, str]:
    return {subject.who: subject.name for subject in plan.models.subjects}


def _shelf(models: Models) -> list[Path]:
    """Where a trained run keeps what was found about it: nowhere when it was deleted meanwhile."""
    return [models.run.folder / "Eval" / models.checkpoint] if models.run and models.run.done else []


def _kept(folder: Path) -> dict[str, Result]:
    """The results of this and earlier evaluations, the newest of each benchmark."""
    found = {name: folder / f"{name}.json" for name in BENCHMARKS}
    return {name: read_json(path) for name, path in found.items() if path.is_file()}


def _tokens(models: Models, workspace: Workspace) -> Tokens:
    """Nothing for a checkpoint, which did not see all of them."""
    trained = models.run
    return tokens_of(trained.manifest, workspace) if trained and trained.done and not models.checkpoint else ((), None)
