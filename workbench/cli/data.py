"""`workbench data`: generating training data, and the runs that did."""

from pathlib import Path

import click

from workbench.cli.flags import options_command, output_flag, workspace_flag
from workbench.cli.runs import do_step, run_record, show_run, show_runs, whole_record
from workbench.generation.options import GenerationOptions
from workbench.workspace import Workspace

KIND = "synthetic_data"


@click.group()
def data() -> None:
    """Generate training data and look at it."""


@workspace_flag
@output_flag
def generate(options: GenerationOptions, workspace: Path | None, output: str) -> None:
    """Generate training data for the leaves of the taxonomy.

    Run again with the same flags, it finds what is done and goes on with what is not.
    """
    done = do_step("generate", options, workspace, output)
    if output == "text":
        leaves = done.manifest["leaves"]
        kept = sum(leaf["kept"] for leaf in leaves)
        click.echo(f"{done.run.folder}: {kept} samples kept for {len(leaves)} leaves")


data.add_command(options_command(GenerationOptions)(generate))


@data.command("list")
@workspace_flag
@output_flag
def list_data(workspace: Path | None, output: str) -> None:
    """List the data runs of the workspace."""
    show_runs([run_record(run) for run in Workspace.find(workspace).runs(KIND)], output)


@data.command("get")
@click.option("--id", "name", required=True, metavar="NAME", help="A run's name, folder or uuid.")
@workspace_flag
@output_flag
def get_data(name: str, workspace: Path | None, output: str) -> None:
    """Show one data run: its options, how it stands, and what came of it."""
    show_run(whole_record(Workspace.find(workspace).get(KIND, name)), output)
