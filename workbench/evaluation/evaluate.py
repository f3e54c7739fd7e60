"""The step `evaluate`: asks, judges, compares, and writes down what came of it."""

from typing import Any

from workbench.evaluation.examination import Examination
from workbench.evaluation.metrics import model_metrics
from workbench.evaluation.models import Models
from workbench.evaluation.options import EvaluationOptions
from workbench.evaluation.plan import Plan, make_plan
from workbench.evaluation.progress import Progress
from workbench.evaluation.results import Result, headline, result
from workbench.records import write_json
from workbench.runs import Attempt, Run, Stop
from workbench.workspace import Workspace


def inputs(options: EvaluationOptions, workspace: Workspace) -> dict[str, str]:
    """SHA-256 of the questions, the models and the judge; raises for anything that is missing or wrong among them."""
    return make_plan(options, workspace).inputs()


def evaluate(options: EvaluationOptions, run: Run, attempt: Attempt, stop: Stop) -> dict[str, Any]:
    """Asks base and trained model and lets the judge rate; goes on from the journals of an earlier attempt.

    Each benchmark's result lies in `Artifacts/<benchmark>.json`, and of a trained run also in its `Eval/`.
    """
    plan = make_plan(options, Workspace(run.folder.parents[1]))
    examination = Examination(plan, options, run.artifacts, Progress(attempt, stop))
    for subject in plan.models.subjects:
        examination.ask(subject)
    examination.judge()
    results = _results(plan, examination)
    models = _named(plan.models)
    for name, found in results.items():
        _write(run, plan.models, name, {"benchmark": name, "models": models, **found})
    phases = plan.models.run.manifest.get("phases", []) if plan.models.run else []
    return {
        "models": models,
        "benchmarks": results,
        "skipped": plan.skipped,
        "headline": headline(results),
        "model_metrics": model_metrics(results, phases),
    }


def _results(plan: Plan, examination: Examination) -> dict[str, Result]:
    whos = [subject.who for subject in plan.models.subjects]
    return {
        asked.name: result(asked, {who: examination.rows(asked, who) for who in whos if plan.asks(asked, who)})
        for asked in plan.benchmarks
    }


def _named(models: Models) -> dict[str, str]:
    return {subject.who: subject.name for subject in models.subjects}


def _write(run: Run, models: Models, name: str, content: Result) -> None:
    write_json(run.artifacts / f"{name}.json", content)
    if models.run:
        write_json(models.run.folder / "Eval" / f"{name}.json", content)
