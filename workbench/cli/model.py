"""`workbench model`: training, evaluating, talking to and exporting models, and those that there are."""

from pathlib import Path

import click

from workbench.alignment.options import AlignmentOptions
from workbench.cli.chat import chat
from workbench.cli.deletion import delete_model
from workbench.cli.download import download_model
from workbench.cli.flags import options_command, output_flag, workspace_flag
from workbench.cli.grow import grow_seedling
from workbench.cli.models import all_models, one_model
from workbench.cli.runs import do_step, show_run, show_runs
from workbench.evaluation.options import EvaluationOptions
from workbench.export.options import ExportOptions
from workbench.workspace import Workspace

_HEADS = ("name", "from", "status", "size", "path")


@click.group()
def model() -> None:
    """Download, train, evaluate, export and talk to models."""


@workspace_flag
@output_flag
def train(options: AlignmentOptions, workspace: Path | None, output: str) -> None:
    """Train a model on a data run, in two phases, and export it to GGUF.

    Stopped and run again, it goes on from its last checkpoint.
    """
    done = do_step("train", options, workspace, output)
    if output == "text":
        for file in done.manifest["gguf"].values():
            click.echo(done.run.folder / file)


@workspace_flag
@output_flag
def evaluate(options: EvaluationOptions, workspace: Path | None, output: str) -> None:
    """Ask a trained model and its base the same questions, and compare."""
    from workbench.evaluation.report import Report

    done = do_step("evaluate", options, workspace, output)
    if output == "text":
        click.echo(str(Report.of(done.run)))


@click.argument("source")
@click.option("--output", "target", type=click.Path(file_okay=False, path_type=Path), help="Folder for the files.")
@workspace_flag
def export(options: ExportOptions, source: str, target: Path | None, workspace: Path | None) -> None:
    """Make GGUF files of SOURCE, a trained run or a Hugging Face folder.

    They are written into the run's GGUF folder, or beside the folder, unless --output says where.
    """
    from workbench.export import export_gguf, quantize

    folder, beside = _exported(source, Workspace.find(workspace))
    into = target or beside
    whole = export_gguf(folder, into / f"model-{options.outtype}.gguf", options.outtype)
    click.echo(whole)
    if options.quantization:
        small = into / f"model-{options.quantization}.gguf"
        click.echo(quantize(whole, small, options.quantization, options.export_threads))


@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", required=False, type=click.Path(dir_okay=False, path_type=Path))
def quantize(options: ExportOptions, source: Path, target: Path | None) -> None:
    """Make a smaller GGUF file of SOURCE, one in F32, F16 or BF16."""
    from workbench.export import quantize as quantize_file

    kind = options.quantization
    out = target or source.with_name(f"{source.stem.removesuffix('-F16')}-{kind}.gguf")
    click.echo(quantize_file(source, out, kind, options.export_threads))


for _command in (
    options_command(AlignmentOptions)(train),
    options_command(EvaluationOptions)(evaluate),
    chat,
    options_command(ExportOptions)(export),
    options_command(ExportOptions, leave_out=("outtype",))(quantize),
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


def _exported(source: str, workspace: Workspace) -> tuple[Path, Path]:
    """The Hugging Face folder, and where its GGUF files go."""
    path = workspace.resolve(source)
    if path.is_dir():
        return path, path.parent / "GGUF"
    run = workspace.get("trained_models", source)
    return run.folder / run.manifest["model"], run.folder / "GGUF"
