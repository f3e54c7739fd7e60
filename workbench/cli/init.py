"""`workbench init`: a folder to work in, for whoever installed the package without a clone."""

import shutil
from pathlib import Path

import click

from workbench import __version__
from workbench.assets import assets_folder, notebooks_folder, sample_taxonomy_folder
from workbench.errors import NotFoundError
from workbench.records import write_json
from workbench.workspace import MARKER

_LEFT_OUT = ("models", "__pycache__", ".ipynb_checkpoints")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
def init(folder: Path) -> None:
    """Lay out the notebooks, the sample taxonomy and the presets in DIR; what is there already is kept."""
    made, kept = lay_out(folder)
    click.echo(f"{folder}: {made} files made" + (f", {kept} kept as they were" if kept else ""))
    click.echo(f"next: cd {folder} && workbench lab")


def lay_out(folder: Path) -> tuple[int, int]:
    """How many files were made, and how many were there already and kept. The models stay in the package."""
    made = kept = 0
    for source, name in _sources():
        target = folder / name
        if target.exists():
            kept += 1
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        made += 1
    if not (folder / MARKER).exists():
        write_json(folder / MARKER, {"workbench": __version__})
    return made, kept


def _sources() -> list[tuple[Path, Path]]:
    found = []
    for root in (notebooks_folder(), sample_taxonomy_folder(), assets_folder()):
        if not root.is_dir():
            raise NotFoundError(f"{root} is missing from this installation", hint="install the package again")
        found += [(path, Path(root.name) / path.relative_to(root)) for path in sorted(root.rglob("*"))]
    return [(path, name) for path, name in found if path.is_file() and not set(name.parts) & set(_LEFT_OUT)]
