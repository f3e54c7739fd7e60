"""`workbench model`: training, evaluating, talking to and exporting models, and those that there are."""

from pathlib import Path

import click

from workbench.cli.chat import chat
from workbench.cli.deletion import delete_model
from workbench.cli.download import download_model
from workbench.cli.evaluation import evaluate
from workbench.cli.export import export, quantize
from workbench.cli.flags import output_flag, workspace_flag
from workbench.cli.grow import grow_seedling
from workbench.cli.models import all_models, one_model
from workbench.cli.runs import show_run, show_runs
from workbench.cli.serve import serve
from workbench.cli.training import align, train
from workbench.workspace import Workspace

_HEADS = ("name", "from", "status", "size", "path")


@click.group()
def model() -> None:
    """Download, train, evaluate, export, serve and talk to models."""


for _command in (
    train,
    align,
    evaluate,
    chat,
    serve,
    export,
    quantize,
    grow_seedling,
    download_model,
    delete_model,
):
    model.add_command(_command)


@model.command("list")
@workspace_flag
@output_flag
def list_models(workspace: Path | None, output: str) -> None:
    """List trained, embedded and downloaded models."""
    show_runs(all_models(Workspace.find(workspace)), output, _HEADS)


@model.command("get")
@click.option("--id", "name", required=True, metavar="NAME", help="A model's name, a run's folder or uuid.")
@workspace_flag
@output_flag
def get_model(name: str, workspace: Path | None, output: str) -> None:
    """Show one model; of a trained one its options, how it stands, and what came of it."""
    show_run(one_model(name, Workspace.find(workspace)), output)
