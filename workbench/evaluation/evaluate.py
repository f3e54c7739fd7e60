"""The step `evaluate`: asks, judges, compares, and writes down what came of it."""

from pathlib import Path
from typing import Any

from workbench.evaluation.examination import Examination
from workbench.evaluation.findings import NO_TOKENS, Findings, Tokens, results_of, tokens_of
from workbench.evaluation.inquiry import Examinee, learning_record
from workbench.evaluation.models import Models
from workbench.evaluation.options import EvaluationOptions
from workbench.evaluation.plan import make_plan
from workbench.evaluation.progress import Progress
from workbench.runs import Attempt, Run, Stop
from workbench.workspace import Workspace


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
    learning = learning_record(Examinee.of(plan.models, workspace), run.artifacts, results)
    found = Findings(plan, results, _tokens(plan.models, workspace), learning)
    found.write(run.artifacts)
    for folder in _shelf(plan.models):
        found.shelve(folder)
    of = plan.models.run
    return {"trained_run": {"id": of.id, "checkpoint": plan.models.checkpoint} if of else None} | found.record()


def _shelf(models: Models) -> list[Path]:
    """Where a trained run keeps what was found about it: nowhere when it was deleted meanwhile."""
    return [models.run.folder / "Eval" / models.checkpoint] if models.run and models.run.done else []


def _tokens(models: Models, workspace: Workspace) -> Tokens:
    """None for a checkpoint, which did not see all of them."""
    trained = models.run
    return tokens_of(trained.manifest, workspace) if trained and trained.done and not models.checkpoint else NO_TOKENS
