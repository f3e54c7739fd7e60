"""`workbench data list|get|delete`: the data runs that a workspace holds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from workbench.cli.deletion import confirm
from workbench.cli.flags import output_flag, workspace_flag
from workbench.cli.runs import run_record, show_run, show_runs, whole_record
from workbench.errors import ConflictError, NotFoundError
from workbench.runs import Run
from workbench.workspace import Workspace

KIND = "synthetic_data"
_HEADS = ("name", "folder", "status", "made", "samples", "size", "from", "says")
_REASONS = {
    "duplicate": ("sample", "that another source has already"),
    "like_heldout": ("row", "that would give a held-out question away"),
    "empty": ("row", "in which somebody says nothing"),
    "bad_line": ("line", "that cannot be read (Logs/bad_lines.jsonl)"),
}
Record = dict[str, Any]


@click.command("list")
@workspace_flag
@output_flag
def list_data(workspace: Path | None, output: str) -> None:
    """List the data runs of the workspace: how many samples they hold, of what, and how they stand."""
    records = [_record(run) for run in Workspace.find(workspace).runs(KIND)]
    show_runs(records, output, _HEADS)


@click.command("get")
@click.option("--id", "name", required=True, metavar="NAME", help="A run's name, folder or uuid.")
@workspace_flag
@output_flag
def get_data(name: str, workspace: Path | None, output: str) -> None:
    """Show one data run: its options and sources, how it stands, its files, and what came of it."""
    run = Workspace.find(workspace).get(KIND, name)
    show_run(whole_record(run) | _holds(run) | {"files": _files(run.folder)}, output)


@click.command("delete")
@click.option("--id", "name", required=True, metavar="NAME", help="A run's name, folder or uuid.")
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@workspace_flag
def delete_data(name: str, yes: bool, workspace: Path | None) -> None:
    """Delete a data run and all its files. One that a model was trained on is kept until that model is deleted."""
    found = Workspace.find(workspace)
    run = found.get(KIND, name)
    if models := _trained_on(run, found):
        hint = f"delete {'that model' if len(models) == 1 else 'those models'} first"
        raise ConflictError(f"{run.folder.name} is what {', '.join(models)} was trained on", hint=hint)
    if run.state["status"] == "running":
        raise ConflictError(f"{run.folder.name} is being worked on", hint="stop it first")
    size = _size(run.folder)
    confirm(f"Delete {run.folder} ({size})?", yes=yes)
    run.remove()
    click.echo(f"deleted {run.folder} ({size})")


def left_out_text(manifest: Mapping[str, Any]) -> str:
    """`left out: 3 ..., 1 ...`; empty where nothing was."""
    counts = manifest.get("left_out", {})
    told = [f"{counted(counts[name], noun)} {why}" for name, (noun, why) in _REASONS.items() if counts.get(name)]
    return f"left out: {'; '.join(told)}" if told else ""


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 row`, `1,200 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {plural or noun + 's'}"


def _record(run: Run) -> Record:
    return run_record(run) | _holds(run) | {"size": _size(run.folder)}


def _holds(run: Run) -> Record:
    """Samples and sources, as far as it is done; numbers of rows as the service counts them."""
    manifest = run.manifest if run.done else {}
    leaves = manifest.get("leaves", [])
    return {
        "samples": sum(leaf.get("kept", 0) for leaf in leaves),
        "leaves": len(leaves),
        "from": _origin(manifest.get("sources", []), manifest.get("model", "")),
    }


def _origin(sources: list[Record], model: str) -> str:
    told = [f"taxonomy by {model}" for one in sources if one["from"] == "taxonomy"]
    runs = [one["folder"] for one in sources if one["from"] == "run"]
    told += [f"runs {', '.join(runs)}" if len(runs) > 1 else f"run {runs[0]}"] if runs else []
    told += [one["name"] for one in sources if one["from"] == "file"]
    return "; ".join(told)


def _files(folder: Path) -> Record:
    """Every file that training or people read, with its bytes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.endswith((".lock", ".part")))
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}


def _size(folder: Path) -> str:
    return f"{sum(_files(folder).values()) / 1e6:.1f} MB"


def _trained_on(data: Run, workspace: Workspace) -> list[str]:
    """Folders of the model runs, done or not, that were made from it."""
    return [run.folder.name for run in workspace.runs("trained_models") if _data_of(run, workspace) == data.id]


def _data_of(run: Run, workspace: Workspace) -> str:
    """The id of the data run that a model run reads."""
    if run.done:
        return str(run.manifest.get("data", {}).get("id", ""))
    try:
        return workspace.get(KIND, str(run.options.get("data", ""))).id
    except (NotFoundError, ConflictError):
        return ""
