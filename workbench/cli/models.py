"""The models there are: trained in the workspace, embedded in the package, or downloaded into the workspace."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.assets import assets_folder
from workbench.cli.runs import run_record, whole_record
from workbench.errors import NotFoundError
from workbench.records import read_json
from workbench.runs import Run
from workbench.workspace import Workspace

KIND = "trained_models"
Record = dict[str, Any]


def all_models(workspace: Workspace) -> list[Record]:
    """Trained ones first, then embedded and downloaded files; the column `from` tells them apart."""
    trained = [
        run_record(run) | {"from": "trained", "size": _megabytes(run.folder / "Model"), "path": str(run.folder)}
        for run in workspace.runs(KIND)
    ]
    embedded = [_file_record(path, "embedded") for path in _models(assets_folder() / "models")]
    downloaded = [_file_record(path, "downloaded") for path in _models(workspace.models)]
    return [*trained, *embedded, *downloaded]


def one_model(name: str, workspace: Workspace) -> Record:
    """By a run's name, folder or uuid, or by the name of a file or folder; NotFoundError with the nearest."""
    try:
        run = workspace.get(KIND, name)
        return whole_record(run) | {"from": "trained"} | _metrics(run)
    except NotFoundError as error:
        models = [model for model in all_models(workspace) if model["from"] != "trained"]
        found = next((model for model in models if name in (model["name"], Path(model["path"]).name)), None)
        if found:
            return found
        near = difflib.get_close_matches(name, [model["name"] for model in models], n=1)
        hint = f"did you mean {near[0]}?" if near else error.hint
        raise NotFoundError(f"there is no model called {name}", hint=hint) from error


def _metrics(run: Run) -> Record:
    """The managed service's `model_metrics`; nothing while it was not evaluated."""
    path = run.folder / "Eval" / "model_metrics.json"
    return {"model_metrics": read_json(path)} if path.is_file() else {}


def _models(folder: Path) -> Iterator[Path]:
    """GGUF files and Hugging Face folders, sorted."""
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.suffix == ".gguf" or (path / "config.json").is_file():
                yield path


def _file_record(path: Path, source: str) -> Record:
    name = path.stem if path.suffix == ".gguf" else path.name
    return {"name": name, "from": source, "status": "ready", "size": _megabytes(path), "path": str(path)}


def _megabytes(path: Path) -> str:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return f"{sum(file.stat().st_size for file in files) / 1e6:.1f} MB"
