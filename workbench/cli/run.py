"""`workbench run`: one notebook, unattended, as papermill runs it, its parameters checked before anything starts."""

import difflib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import yaml

from workbench.assets import notebooks_folder
from workbench.cli.flags import workspace_flag
from workbench.cli.notebooks import declaration
from workbench.cli.watch import Watch
from workbench.errors import (
    ConflictError,
    JobError,
    NotFoundError,
    OptionsError,
    RecordError,
    WorkbenchError,
    error_from_record,
)
from workbench.notebook import progress_view
from workbench.options import OptionField, describe
from workbench.workspace import VARIABLE, Workspace, project_root

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
# A kernel's own log tells of its sockets; what a cell has to say comes with its output.
_KERNEL_FLAGS = ("--log-level=CRITICAL",)
_TRUTH = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


@click.command()
@click.argument("notebook")
@click.argument("output", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("-p", "--parameter", "pairs", nargs=2, multiple=True, metavar="NAME VALUE", help="One parameter.")
@click.option("-f", "--file", "preset", type=click.Path(path_type=Path), help="A YAML file of parameters.")
@workspace_flag
def run(
    notebook: str, output: Path | None, pairs: tuple[tuple[str, str], ...], preset: Path | None, workspace: Path | None
) -> None:
    """Run NOTEBOOK, a path or a name such as 03_generate, and write the executed copy to OUTPUT."""
    source = find_notebook(notebook)
    target = output or Path(f"{source.stem}.out.ipynb")
    if target.resolve() == source.resolve():
        raise ConflictError(f"{target} is the notebook itself", hint="name another file for the executed copy")
    parameters = check_parameters(source, _preset(preset), dict(pairs))
    execute(source, target, parameters, Workspace.find(workspace))
    click.echo(f"{target}: done")


def find_notebook(name: str) -> Path:
    """A path as it is, else a name among the project's notebooks, else among the packaged ones."""
    folders = [root / "notebooks" for root in [project_root()] if root] + [notebooks_folder()]
    paths = [Path(name), *(folder / f"{name.removesuffix('.ipynb')}.ipynb" for folder in folders)]
    if found := next((path for path in paths if path.is_file()), None):
        return found
    known = sorted({path.stem for folder in folders for path in folder.glob("*.ipynb")})
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "there are " + ", ".join(known)
    raise NotFoundError(f"there is no notebook {name}", hint=hint)


def check_parameters(notebook: Path, typed: Mapping[str, object], texts: Mapping[str, str]) -> dict[str, object]:
    """The parameters as the notebook's options take them; OptionsError for an unknown name or a wrong value."""
    declared = declaration(notebook)
    if declared is None:
        if typed or texts:
            raise OptionsError(f"{notebook.name} takes no parameters")
        return {}
    fields = {field.name: field for field in describe(declared.options_class)}
    values = {**typed, **{name: _value(fields.get(name), text) for name, text in texts.items()}}
    declared.options_class.parse(values)
    declared.options_class.check_public(values)
    return values


def execute(source: Path, target: Path, parameters: Mapping[str, object], workspace: Workspace) -> None:
    """Runs a notebook in a kernel of this Python, showing the progress of the steps that it starts.

    The executed copy is written also when a cell fails; the cell's error is raised again here, of the same class.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError

    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(workspace.root)
    target.parent.mkdir(parents=True, exist_ok=True)
    view = progress_view()
    try:
        with Watch(workspace, view):
            papermill.execute_notebook(
                source, target, parameters=dict(parameters), progress_bar=False, extra_arguments=list(_KERNEL_FLAGS)
            )
    except papermill.PapermillExecutionError as error:
        raise _cell_error(error, target) from None
    except DeadKernelError as error:
        hint = "its memory may have run out; run it again to go on from the last checkpoint"
        raise JobError(f"the kernel of {source.name} died", hint=hint) from error
    finally:
        _restore(before)
    view.finish(f"{source.stem}: done.")


def _preset(path: Path | None) -> Mapping[str, object]:
    if path is None:
        return {}
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error
    except yaml.YAMLError as error:
        raise RecordError(f"{path}: not YAML: {error}") from error
    if not isinstance(loaded, dict):
        raise RecordError(f"{path}:1: not a table of parameters")
    return loaded


def _value(field: OptionField | None, text: str) -> object:
    """A text as the option's kind reads it; as it is when it cannot be read, for the options to refuse."""
    if field is None or field.kind == "str":
        return None if field and field.optional and text == "None" else text
    try:
        return _READERS[field.kind](text)
    except (ValueError, KeyError):
        return text


def _list(text: str) -> object:
    return json.loads(text) if text.startswith("[") else [part.strip() for part in text.split(",") if part.strip()]


_READERS: dict[str, Any] = {"int": int, "float": float, "bool": lambda text: _TRUTH[text.lower()], "list": _list}


def _cell_error(error: Any, target: Path) -> WorkbenchError:
    lines = [_ANSI.sub("", line) for text in error.traceback for line in text.splitlines()]
    hint = next((line.removeprefix("hint: ") for line in reversed(lines) if line.startswith("hint: ")), "")
    record = {"error": error.ename, "message": error.evalue, "hint": hint}
    again = error_from_record(record)
    if type(again).__name__ != error.ename:
        again.message = f"{error.ename}: {error.evalue}"
    again.message += f"\n  in {target}, cell {error.exec_count}"
    return again


def _restore(before: str | None) -> None:
    if before is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = before
