"""`workbench model train` and `model align`, and what they say beforehand with --dry-run."""

import json
from pathlib import Path

import click

from workbench.alignment.options import AlignmentOptions
from workbench.cli.evaluation import show_evaluation
from workbench.cli.flags import Decorated, options_command, output_flag, workspace_flag
from workbench.cli.runs import do_step
from workbench.evaluation.options import EvaluationOptions, QuestionOptions
from workbench.runs import Run
from workbench.workspace import Workspace

_PREVIEWED = 2
_PHASES = {"1": "first_phase", "2": "second_phase"}


def _stage_flags(function: Decorated) -> Decorated:
    """`--dry-run` and `--phase`, as both commands take them."""
    phase = "Stop behind this phase; called again without it, the run goes on."
    with_phase = click.option("--phase", type=click.Choice([*_PHASES]), default=None, help=phase)(function)
    dry = "Show the data, the plan and what it takes, and stop."
    return click.option("--dry-run", is_flag=True, help=dry)(with_phase)


@options_command(AlignmentOptions, also={"benchmarks": "benchmark"})
@_stage_flags
@workspace_flag
@output_flag
def train(options: AlignmentOptions, dry_run: bool, phase: str | None, workspace: Path | None, output: str) -> None:
    """Train a model and export it to GGUF.

    On a data run it does what `model align` does, without the questions in the end where --no-evaluate is given; with
    --training-file it trains in one phase on files of your own. Stopped and run again, it goes on from where it was.
    """
    if "evaluate" not in options.model_fields_set:
        options = options.model_copy(update={"evaluate": not options.training_file})
    if dry_run:
        _rehearse(options, Workspace.find(workspace), output)
        return
    run = _do(options, phase, workspace, output)
    if run and output == "text":
        for file in run.manifest["gguf"].values():
            click.echo(run.folder / file)
    if run and options.evaluate:
        evaluated = _evaluated(options, run, workspace)
        if output == "text":
            show_evaluation(evaluated, output)


@options_command(AlignmentOptions, leave_out=("evaluate",), also={"benchmarks": "benchmark"})
@_stage_flags
@workspace_flag
@output_flag
def align(options: AlignmentOptions, dry_run: bool, phase: str | None, workspace: Path | None, output: str) -> None:
    """Make what the managed service calls a model, from a data run.

    Phase 1 on knowledge, its checkpoint chosen; phase 2 on skills with a replay, its checkpoint chosen; model and GGUF
    saved; base and trained model asked all benchmarks that have questions. Killed anywhere, it goes on where it was.
    """
    options = options.model_copy(update={"evaluate": True})
    if dry_run:
        _rehearse(options, Workspace.find(workspace), output)
        return
    if run := _do(options, phase, workspace, "text"):
        show_evaluation(_evaluated(options, run, workspace), output)


def _do(options: AlignmentOptions, phase: str | None, workspace: Path | None, output: str) -> Run | None:
    """The finished run; None where only a part of the work was wished for. The plan is shown before it begins."""
    from workbench.alignment.align import planned

    plan = planned(options, Workspace.find(workspace))
    click.echo(str(plan), err=True)
    if phase:
        # An error here leaves no run behind that would have the name from now on.
        plan.phase(int(phase))
    done = do_step(_PHASES[phase] if phase else "train", options, workspace, output)
    return None if phase else done.run


def _evaluated(options: AlignmentOptions, run: Run, workspace: Path | None) -> Run:
    """The alignment itself; where it was trained before without an evaluation, that alone, in a run of its own."""
    if "evaluation" in run.manifest:
        return run
    shared = {name: getattr(options, name) for name in QuestionOptions.model_fields}
    wished = EvaluationOptions(**shared | {"model": run.id, "seed": options.seed, "name": options.name})
    return do_step("evaluate", wished, workspace, "text").run


def _rehearse(options: AlignmentOptions, workspace: Workspace, output: str) -> None:
    """Everything that is known beforehand, then the error that the training would end with, if there is one."""
    from workbench.alignment.align import inputs, planned
    from workbench.alignment.forecast import forecast, read_data

    plan, data = planned(options, workspace), read_data(options, workspace)
    inputs(options, workspace)
    if output == "text":
        files = [file for phase in plan.phases for file in phase.files]
        click.echo("\n\n".join([str(data), *_previews(options, workspace, files), str(plan)]))
    data.check()
    found = forecast(options, workspace)
    record = {"data": data.record(), "plan": plan.record(), **found.record()}
    click.echo(json.dumps(record, indent=2, ensure_ascii=False) if output == "json" else f"\n{found}")
    found.check()


def _previews(options: AlignmentOptions, workspace: Workspace, files: list[Path]) -> list[str]:
    from workbench.engines.catalogue import resolve_folder
    from workbench.training.preview import preview

    base = resolve_folder(options.base_model, workspace.models)
    return [str(preview(file, base, _PREVIEWED)) for file in files]
