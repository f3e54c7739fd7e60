"""`workbench model delete`: trained models and downloaded ones, unless something needs them."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from workbench.cli.flags import workspace_flag
from workbench.cli.models import KIND, Record, one_model
from workbench.errors import ConflictError, UsageError
from workbench.runs import KINDS, Run
from workbench.workspace import Workspace


@click.command("delete")
@click.option("--id", "name", required=True, metavar="NAME", help="A model's name, a run's folder or uuid.")
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@click.option("--force", is_flag=True, help="Delete it even if runs need it.")
@workspace_flag
def delete_model(name: str, yes: bool, force: bool, workspace: Path | None) -> None:
    """Delete a trained or a downloaded model.

    One that runs name among their options is kept unless --force is given, an embedded one always.
    """
    found = Workspace.find(workspace)
    model = one_model(name, found)
    check_deletion(model, found, force=force)
    path = Path(model["path"])
    confirm(f"Delete {path}?", yes=yes)
    if model["from"] == "trained":
        found.get(KIND, name).remove()
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    click.echo(f"deleted {path}")


def check_deletion(model: Record, workspace: Workspace, *, force: bool) -> None:
    """ConflictError for a model that is embedded, being worked on, or needed by runs."""
    if model["from"] == "embedded":
        raise ConflictError(
            f"{model['name']} belongs to the workbench", hint="only trained and downloaded models can be deleted"
        )
    if model["status"] == "running":
        raise ConflictError(f"{model['name']} is being worked on", hint="stop it first")
    needing = sorted({run.folder.name for run in dependents(model, workspace)})
    if needing and not force:
        hint = "delete those first, or say --force; they cannot be gone on with or evaluated again without it"
        raise ConflictError(f"{model['name']} is needed by {', '.join(needing)}", hint=hint)


def dependents(model: Record, workspace: Workspace) -> Iterator[Run]:
    """Runs that name the model as theirs: as teacher, critic, student, base, judge, or as what is evaluated."""
    own = Path(model["path"])
    names = {model["name"], own.name, str(own)} | {model[key] for key in ("folder", "id") if key in model}
    for kind in KINDS:
        for run in workspace.runs(kind):
            named = {value for key, value in run.options.items() if "model" in key and isinstance(value, str)}
            if run.folder != own and any(name in names or Path(name).name in names for name in named if name):
                yield run


def confirm(question: str, *, yes: bool) -> None:
    """UsageError unless somebody at the terminal agrees, or --yes was said."""
    if not yes and not (sys.stdin.isatty() and click.confirm(question, err=True)):
        raise UsageError("nothing was deleted", hint="say --yes where nobody can be asked")
