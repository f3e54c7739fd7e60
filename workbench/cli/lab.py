"""`workbench lab`: JupyterLab, with the project's folder open and the first notebook in front."""

import os
import sys
from pathlib import Path

import click

from workbench.assets import clone_folder
from workbench.cli.flags import workspace_flag
from workbench.errors import NotFoundError
from workbench.workspace import VARIABLE, project_root


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("flags", nargs=-1, type=click.UNPROCESSED, metavar="[JUPYTER FLAGS]...")
@workspace_flag
def lab(flags: tuple[str, ...], workspace: Path | None) -> None:
    """Open JupyterLab on the notebooks; flags that are not known here go to JupyterLab."""
    command = lab_command(_root(), flags)
    variables = {VARIABLE: str(workspace.resolve())} if workspace else {}
    # In place of this process, so that Ctrl-C and signals reach Jupyter alone.
    os.execve(command[0], command, {**os.environ, **variables})


def lab_command(root: Path, flags: tuple[str, ...]) -> list[str]:
    """The server listens on loopback with a token; root, which most containers run as, must be allowed by name."""
    first = min(path.name for path in (root / "notebooks").glob("*.ipynb"))
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"]
    command += [f"--LabApp.default_url=/lab/tree/notebooks/{first}"]
    return [*command, *(["--allow-root"] if os.geteuid() == 0 else []), *flags]


def _root() -> Path:
    for root in (project_root(), clone_folder()):
        if root and any((root / "notebooks").glob("*.ipynb")):
            return root
    raise NotFoundError("there are no notebooks here", hint="workbench init DIR lays them out; then call it in DIR")
