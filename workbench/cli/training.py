"""`workbench model train`, and what it says beforehand with --dry-run."""

import json
from pathlib import Path

import click

from workbench.alignment.options import AlignmentOptions
from workbench.cli.flags import options_command, output_flag, workspace_flag
from workbench.cli.runs import do_step
from workbench.workspace import Workspace

_PREVIEWED = 2


@options_command(AlignmentOptions)
@click.option("--dry-run", is_flag=True, help="Show the data, the plan and what it takes, and stop.")
@workspace_flag
@output_flag
def train(options: AlignmentOptions, dry_run: bool, workspace: Path | None, output: str) -> None:
    """Train a model and export it to GGUF.

    On a data run in two phases, or with --training-file in one phase on files of your own. Stopped and run again, it
    goes on from its last checkpoint.
    """
    if dry_run:
        _rehearse(options, Workspace.find(workspace), output)
        return
    done = do_step("train", options, workspace, output)
    if output == "text":
        for file in done.manifest["gguf"].values():
            click.echo(done.run.folder / file)


def _rehearse(options: AlignmentOptions, workspace: Workspace, output: str) -> None:
    """Everything that is known beforehand, then the error that the training would end with, if there is one."""
    from workbench.alignment.align import planned
    from workbench.alignment.forecast import forecast, read_data

    plan, data = planned(options, workspace), read_data(options, workspace)
    if output == "text":
        files = [file for phase in plan.phases for file in phase.files]
        click.echo("\n\n".join([str(data), *_previews(options, workspace, files), str(plan)]))
    data.check()
    found = forecast(options, workspace)
    record = {"data": data.record(), **found.record()}
    click.echo(json.dumps(record, indent=2, ensure_ascii=False) if output == "json" else f"\n{found}")
    found.check()


def _previews(options: AlignmentOptions, workspace: Workspace, files: list[Path]) -> list[str]:
    from workbench.engines.catalogue import resolve_folder
    from workbench.training.preview import preview

    base = resolve_folder(options.base_model, workspace.models)
    return [str(preview(file, base, _PREVIEWED)) for file in files]
