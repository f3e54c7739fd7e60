"""`workbench model evaluate`: the report, or for a program the service's metrics and where everything lies."""

import json
from pathlib import Path
from typing import Any

import click

from workbench.cli.flags import options_command, output_flag, workspace_flag
from workbench.cli.runs import do_step
from workbench.evaluation.options import EvaluationOptions
from workbench.runs import Run

Record = dict[str, Any]


# InstructLab's own command takes one `--benchmark`.
@options_command(EvaluationOptions, also={"benchmarks": "benchmark"})
@workspace_flag
@output_flag
def evaluate(options: EvaluationOptions, workspace: Path | None, output: str) -> None:
    """Ask a trained model and its base the same questions, and compare."""
    show_evaluation(do_step("evaluate", options, workspace, "text").run, output)


def show_evaluation(run: Run, output: str) -> None:
    """Of an evaluation, or of an alignment that ended in one."""
    from workbench.evaluation.learning import Learning
    from workbench.evaluation.report import Report

    if output == "json":
        click.echo(json.dumps(evaluation_record(run), indent=2, ensure_ascii=False))
        return
    click.echo(f"{Learning.of(run)}\n\n{Report.of(run)}\n")
    click.echo("\n".join(f"{what}: {path}" for what, path in _pages(_shown(run)).items()))


def evaluation_record(run: Run) -> Record:
    """`model_metrics`, the proof's `headline`, what was learned of each leaf (`learning`), which models were asked, and
    the `files` of the evaluation by what they hold."""
    manifest, folder = {"learning": None, **run.manifest.get("evaluation", run.manifest)}, _shown(run)
    named = {name: manifest[name] for name in ("model_metrics", "headline", "learning", "models", "skipped")}
    results = {name: str(folder / f"{name}.json") for name in manifest["benchmarks"]}
    return named | {"files": {"folder": str(run.folder), **_pages(folder), "results": results}}


def _shown(run: Run) -> Path:
    """Where pages and results lie: an alignment has them beside those of later evaluations."""
    return run.folder / "Eval" if "evaluation" in run.manifest else run.artifacts


def _pages(folder: Path) -> dict[str, str]:
    """What is there to be looked at."""
    files = {"report": "report.html", "learning": "learning.png", "scores": "scores.svg", "picture": "scores.png"}
    return {what: str(folder / name) for what, name in files.items() if (folder / name).is_file()}
