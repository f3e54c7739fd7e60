"""`workbench data`: generating training data, and the runs that did."""

import json
from pathlib import Path

import click

from workbench.cli.data_runs import delete_data, get_data, list_data
from workbench.cli.data_sources import import_command, merge_command
from workbench.cli.flags import options_command, output_flag, workspace_flag
from workbench.cli.runs import do_step, show_summary
from workbench.generation.options import GenerationOptions
from workbench.generation.summary import counts_summary, estimate_summary, losses_summary, samples_summary
from workbench.notebook import start
from workbench.workspace import Workspace


@click.group()
def data() -> None:
    """Generate training data and look at it."""


@workspace_flag
@output_flag
@click.option("--dry-run", is_flag=True, help="Stop behind the estimate of requests, tokens, minutes and money.")
def generate(options: GenerationOptions, workspace: Path | None, output: str, dry_run: bool) -> None:
    """Generate training data for the leaves of the taxonomy.

    --num-instructions is a promise for each leaf: 5 leaves and 150 make 750 samples to keep. A leaf is asked for until
    it has as many, or until too many were rejected.

    Run again with the same flags, it finds what is done and goes on with what is not. What a preview or a dry run has
    asked is not asked again.
    """
    if dry_run:
        return _estimate(options, workspace, output)
    done = do_step("generate", options, workspace, output)
    if output == "text":
        leaves = done.manifest["leaves"]
        show_summary(counts_summary(leaves))
        if any(leaf["made"] > leaf["kept"] for leaf in leaves):
            click.echo()
            show_summary(losses_summary(leaves))
        kept = sum(leaf["kept"] for leaf in leaves)
        click.echo(f"\n{done.run.folder}: {kept} samples kept for {len(leaves)} leaves")


@workspace_flag
@output_flag
def preview(options: GenerationOptions, workspace: Path | None, output: str) -> None:
    """Make a few samples of each leaf and show them, before the whole run.

    Kept samples and others are shown with their judgements, and what the whole run will take. The run that is started
    afterwards with the same flags goes on from them.
    """
    done = do_step("preview", options, workspace, output)
    if output == "text":
        show_summary(samples_summary(done.manifest["samples"]))
        click.echo()
        show_summary(estimate_summary(done.manifest["estimate"]))


def _estimate(options: GenerationOptions, workspace: Path | None, output: str) -> None:
    """A preview of which only the estimate is shown."""
    found = start("preview", options, workspace=Workspace.find(workspace)).wait().manifest["estimate"]
    if output == "json":
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        show_summary(estimate_summary(found))


data.add_command(options_command(GenerationOptions)(generate))
data.add_command(options_command(GenerationOptions)(preview))
for command in (import_command, merge_command, list_data, get_data, delete_data):
    data.add_command(command)
