"""One folder is one project: taxonomy, data, models and logs, laid out as the managed service lays out its bucket."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from filelock import FileLock

from workbench.assets import assets_folder, clone_folder
from workbench.errors import ConflictError, NotFoundError, OptionsError
from workbench.events import now
from workbench.options import Options
from workbench.records import digest_json, read_json, write_json
from workbench.runs import FORMAT, KINDS, Run

VARIABLE = "WORKBENCH_WORKSPACE"
MARKER = ".workbench"
DISTRIBUTION = "instructlab-workbench"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WORDS = {"synthetic_data": "synthetic data", "trained_models": "trained model", "evaluations": "evaluation"}


class Workspace:
    """Paths of a project and its runs; `root` is absolute. The folders inside are made when something is put there."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self._record = _project(self.root)

    @classmethod
    def find(cls, explicit: Path | None = None) -> Self:
        """The folder given, else WORKBENCH_WORKSPACE, else the nearest `workspace/` upwards, else a new one.

        A new one is made in the project's root: the nearest clone or `workbench init` folder upwards, else the clone
        that the package is imported from, else the current folder.
        """
        named = explicit or (Path(text) if (text := os.environ.get(VARIABLE)) else None)
        return cls(named or _nearest() or _new_root() / "workspace")

    def __repr__(self) -> str:
        return f"Workspace {self.root}"

    @property
    def id(self) -> str:
        return str(self._record["id"])

    @property
    def name(self) -> str:
        return str(self._record["name"])

    @property
    def taxonomy(self) -> Path:
        return self.root / "taxonomy"

    @property
    def taxonomies(self) -> Path:
        return self.root / "taxonomies"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def chats(self) -> Path:
        return self.root / "chats"

    @property
    def tours(self) -> Path:
        return self.root / "tours"

    def folder(self, kind: str) -> Path:
        if kind not in KINDS:
            raise OptionsError(f"there is no kind of run called {kind!r}", hint=f"the kinds are {', '.join(KINDS)}")
        return self.root / kind

    def open_run(self, kind: str, name: str, options: Options, inputs: Mapping[str, str]) -> Run:
        """The run of exactly these results, found again or made; `inputs` are digests of everything it reads."""
        if not _NAME.fullmatch(name):
            hint = "take letters, digits, '.', '_' and '-', at most 64, a letter or digit first"
            raise OptionsError(f"{name!r} cannot be the name of a run", hint=hint)
        content = {"format": FORMAT, "kind": kind, "options": options.result_values(), "inputs": dict(inputs)}
        fingerprint = digest_json(content)
        folder = self.folder(kind) / f"{name}-{fingerprint[:8]}"
        record = {"id": str(uuid4()), "name": name, "fingerprint": fingerprint, "created_at": now(), **content}
        with self._lock(kind):
            if not (folder / "run.json").is_file():
                write_json(folder / "run.json", record | {"options": options.recorded_values()})
            run = Run.open(folder)
            if run.fingerprint != fingerprint:
                raise ConflictError(f"{folder} belongs to other options", hint="give this run another name")
            self._remember(kind, name, folder.name)
        return run

    def runs(self, kind: str) -> list[Run]:
        """All runs of a kind, by name and fingerprint."""
        found = [Run.open(path.parent) for path in self.folder(kind).glob("*/run.json")]
        return sorted(found, key=lambda run: (run.name, run.fingerprint))

    def get(self, kind: str, name_or_id: str) -> Run:
        """By uuid, by folder name, or by name: then the run last started under it. NotFoundError with the nearest."""
        runs = self.runs(kind)
        last = self._names(kind).get(name_or_id)
        exact = [run for run in runs if name_or_id in (run.id, run.folder.name) or run.folder.name == last]
        found = exact or [run for run in runs if run.name == name_or_id]
        if len(found) == 1:
            return found[0]
        if found:
            several = ", ".join(run.folder.name for run in found)
            raise ConflictError(f"{name_or_id} names several runs", hint=f"take one of {several}")
        raise _not_found(kind, name_or_id, runs)

    def relative(self, path: Path) -> str:
        """How a path is written down: from the workspace or the packaged assets where it lies inside, else absolute."""
        whole = path.expanduser().resolve()
        if whole.is_relative_to(self.root):
            return whole.relative_to(self.root).as_posix()
        packaged = assets_folder().resolve()
        if whole.is_relative_to(packaged):
            return "assets/" + whole.relative_to(packaged).as_posix()
        return str(whole)

    def resolve(self, text: str) -> Path:
        """The path that a text means: inside the workspace, the packaged assets or the current folder, as it exists."""
        path = Path(text).expanduser()
        if path.is_absolute():
            return path
        packaged = [assets_folder().joinpath(*path.parts[1:])] if path.parts[:1] == ("assets",) else []
        candidates = [self.root / path, *packaged, Path.cwd() / path]
        return next((candidate for candidate in candidates if candidate.exists()), candidates[0])

    def _names(self, kind: str) -> dict[str, str]:
        path = self.folder(kind) / "names.json"
        return dict(read_json(path)) if path.is_file() else {}

    def _remember(self, kind: str, name: str, folder: str) -> None:
        names = self._names(kind)
        if names.get(name) != folder:
            write_json(self.folder(kind) / "names.json", dict(sorted((names | {name: folder}).items())))

    def _lock(self, kind: str) -> FileLock:
        self.folder(kind).mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder(kind) / ".names.lock", timeout=30)


def project_root() -> Path | None:
    """The nearest folder upwards that is a clone or was laid out by `workbench init`."""
    here = Path.cwd().resolve()
    return next((folder for folder in (here, *here.parents) if _is_project(folder)), None)


def _project(root: Path) -> dict[str, Any]:
    path = root / "project.json"
    if not path.is_file():
        name = root.parent.name if root.name == "workspace" else root.name
        write_json(path, {"format": FORMAT, "id": str(uuid4()), "name": name or "project", "created_at": now()})
    return dict(read_json(path))


def _nearest() -> Path | None:
    here = Path.cwd().resolve()
    candidates = (folder / "workspace" for folder in (here, *here.parents))
    return next((folder for folder in candidates if (folder / "project.json").is_file()), None)


def _new_root() -> Path:
    return project_root() or clone_folder() or Path.cwd()


def _is_project(folder: Path) -> bool:
    if (folder / MARKER).is_file():
        return True
    try:
        described = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(described.get("project", {}).get("name") == DISTRIBUTION)


def _not_found(kind: str, name: str, runs: list[Run]) -> NotFoundError:
    near = difflib.get_close_matches(name, [run.name for run in runs], n=1)
    known = sorted({run.name for run in runs})
    hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(known)}" if known else "nothing was made yet"
    return NotFoundError(f"there is no {_WORDS[kind]} called {name}", hint=hint)
