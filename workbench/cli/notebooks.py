"""`workbench notebooks sync`: the parameters cells are written from the options classes, never by hand.

A notebook says in its metadata what its parameters are:
`"workbench": {"options": "workbench.generation.options:GenerationOptions", "parameters": ["model", ...]}`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from workbench.assets import notebooks_folder
from workbench.errors import NotFoundError, RecordError
from workbench.jobs.steps import load
from workbench.options import Options, parameters_cell
from workbench.records import read_json, write_text

MOST_PARAMETERS = 12


@dataclass(frozen=True)
class Declaration:
    """What a notebook takes: an options class, and the names that its parameters cell offers."""

    notebook: Path
    options_class: type[Options]
    names: tuple[str, ...]

    @property
    def cell(self) -> str:
        return parameters_cell(self.options_class, self.names)


@click.group()
def notebooks() -> None:
    """Keep the notebooks' parameters cells as their options say."""


@notebooks.command()
@click.option("--check", is_flag=True, help="Only compare; exit with 1 when a cell differs.")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
def sync(check: bool, folder: Path | None) -> int:
    """Write the parameters cell of each notebook in FOLDER from its options class."""
    differing = sync_folder(folder or notebooks_folder(), write=not check)
    for path in differing:
        click.echo(f"{path}: the parameters cell " + ("differs from its options" if check else "was written"))
    if check and differing:
        click.echo("hint: workbench notebooks sync", err=True)
    return int(check and bool(differing))


def sync_folder(folder: Path, *, write: bool) -> list[Path]:
    """The notebooks whose parameters cell differed; those that declare no options are left alone."""
    return [path for path in sorted(folder.glob("*.ipynb")) if _sync(path, write=write)]


def declaration(notebook: Path) -> Declaration | None:
    """What a notebook declares; None when it takes no parameters. RecordError when the declaration is wrong."""
    declared = read_json(notebook).get("metadata", {}).get("workbench")
    if declared is None:
        return None
    try:
        found = Declaration(notebook, load(declared["options"]), tuple(declared["parameters"]))
    except (KeyError, TypeError, ValueError, AttributeError, ImportError) as error:
        raise RecordError(f"{notebook}: its metadata names no options: {error}") from error
    if len(found.names) > MOST_PARAMETERS:
        raise RecordError(f"{notebook}: {len(found.names)} parameters are more than {MOST_PARAMETERS}")
    return found


def _sync(path: Path, *, write: bool) -> bool:
    import nbformat

    declared = declaration(path)
    if declared is None:
        return False
    document = nbformat.read(path, as_version=4)
    cell = _parameters_cell(path, document)
    if cell["source"] == declared.cell:
        return False
    if write:
        cell["source"] = declared.cell
        write_text(path, nbformat.writes(document) + "\n")
    return True


def _parameters_cell(path: Path, document: Any) -> Any:
    tagged = [cell for cell in document["cells"] if "parameters" in cell["metadata"].get("tags", ())]
    if len(tagged) != 1:
        hint = "tag exactly one code cell `parameters`"
        raise NotFoundError(f"{path}: {len(tagged)} cells are tagged as its parameters", hint=hint)
    return tagged[0]
