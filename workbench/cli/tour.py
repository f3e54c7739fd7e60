"""`workbench tour`: every notebook in order in one workspace, a report of all, and the numbers that matter."""

import shutil
from pathlib import Path

import click

from workbench.assets import notebooks_folder
from workbench.cli.flags import workspace_flag
from workbench.cli.notebooks import declaration
from workbench.cli.run import execute
from workbench.cli.tour_report import write_report
from workbench.cli.tour_summary import Summary, done_folders, summarize
from workbench.errors import ConflictError, NotFoundError
from workbench.records import write_json
from workbench.runs import KINDS
from workbench.workspace import Workspace, project_root

# Options that name the tour's own runs: data, model and evaluation are all called as the tour is.
_LINKED = {"04_train": ("data", "name"), "05_evaluate": ("model", "name"), "06_chat": ("model",)}


@click.command()
@workspace_flag
@click.option("--name", default="demo", show_default=True, help="The name of the tour and of its runs.")
@click.option("--fresh", is_flag=True, help="Remove the runs of that name first, and begin from nothing.")
def tour(workspace: Path | None, name: str, fresh: bool) -> None:
    """Run every notebook in order on the embedded models, and write a report.

    What is done already is reused; after a stop the tour goes on where it was. Executed notebooks, report.html and
    summary.json lie in the workspace's tours folder.
    """
    place = Workspace.find(workspace)
    if fresh:
        remove_runs(place, name)
    summary = take(place, name)
    folder = place.tours / name
    click.echo(summary.text())
    click.echo(f"report            {folder / 'report.html'}")


def take(workspace: Workspace, name: str) -> Summary:
    """Goes through the notebooks and writes the tour's folder; an error ends it at the notebook that failed."""
    before = done_folders(workspace)
    folder = workspace.tours / name
    sources = notebooks()
    for number, source in enumerate(sources, start=1):
        click.echo(f"[{number}/{len(sources)}] {source.stem}", err=True)
        execute(source, folder / source.name, _parameters(source, name), workspace)
    summary = summarize(workspace, name, before)
    write_json(folder / "summary.json", summary.record())
    write_report([folder / source.name for source in sources], summary, folder / "report.html")
    return summary


def notebooks() -> list[Path]:
    """The project's notebooks where they are laid out, else the packaged ones, in the order of their numbers."""
    folders = [root / "notebooks" for root in [project_root()] if root] + [notebooks_folder()]
    found = next((paths for folder in folders if (paths := sorted(folder.glob("[0-9][0-9]_*.ipynb")))), [])
    if not found:
        raise NotFoundError("there are no notebooks here", hint="workbench init DIR lays them out; then call it in DIR")
    return found


def remove_runs(workspace: Workspace, name: str) -> None:
    """Deletes the runs of that name and the tour's folder; ConflictError while one of them is being worked on."""
    doomed = [run for kind in KINDS for run in workspace.runs(kind) if run.name == name]
    for run in doomed:
        if run.state["status"] == "running":
            raise ConflictError(f"{run.folder.name} is being worked on", hint="wait for it, or stop it first")
    for run in doomed:
        shutil.rmtree(run.folder)
    shutil.rmtree(workspace.tours / name, ignore_errors=True)


def _parameters(source: Path, name: str) -> dict[str, object]:
    """A notebook's options that name runs; none where the tour is called as the notebooks call their runs."""
    declared = declaration(source)
    fields = declared.options_class.model_fields if declared else {}
    naming = _LINKED.get(source.stem, ("name",))
    return {option: name for option in naming if option in fields and fields[option].default != name}
