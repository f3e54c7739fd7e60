"""Leaves written into a taxonomy: a new one from starting files, or one from files that are there already.

What is in the taxonomy is never written over.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from workbench.errors import ConflictError, NotFoundError, UsageError
from workbench.records import write_bytes
from workbench.taxonomy.qna import FILE_NAME, FOLDERS, Kind
from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.tree import Leaf, is_misnamed

_FOLDER = re.compile(r"[\w][\w.+-]*")
_TOP: dict[Kind, str] = {kind: folder for folder, kind in FOLDERS.items()}
_NAMED: dict[Kind, str] = {"knowledge": "knowledge", "skill": "a skill"}


@dataclass(frozen=True)
class LeafFiles:
    """A leaf, the names of files that were written now, and of files that differ and were left as they are."""

    leaf: Leaf
    written: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        if self.kept:
            return f"{self.leaf.path} has its own {' and '.join(self.kept)}: left as it is"
        return f"{self.leaf.path} {'was added' if self.written else 'is there already'}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.summary)}</p>"


def new_leaf(root: Path, kind: Kind, path: str) -> LeafFiles:
    """A valid leaf to be written over; `path` with or without its top folder. ConflictError where there is one."""
    leaf = Leaf(leaf_path(kind, path), root)
    if leaf.qna_file.exists():
        raise ConflictError(f"there is a {leaf.path}/{FILE_NAME} already", hint="edit it, or take another path")
    names = sorted(file.name for file in leaf.folder.iterdir()) if leaf.folder.is_dir() else []
    if misnamed := next(filter(is_misnamed, names), None):
        hint = f"rename it to {FILE_NAME}, or take another path"
        raise ConflictError(f"there is a {leaf.path}/{misnamed} already, which nobody reads", hint=hint)
    return _write(leaf, {name: text.encode() for name, text in starting_files(kind).items()})


def add_leaf(root: Path, path: str, qna: Path, attribution: Path) -> LeafFiles:
    """A leaf from two files; `path` begins with `knowledge` or `compositional_skills`.

    A file of the leaf that is there already stays, also when it differs: it holds somebody's edits.
    """
    top = path.split("/")[0]
    if top not in FOLDERS:
        raise UsageError(f"the path {path} is outside the taxonomy", hint=f"begin it with {' or '.join(FOLDERS)}")
    leaf = Leaf(leaf_path(FOLDERS[top], path), root)
    sources = {leaf.qna_file.name: qna, leaf.attribution_file.name: attribution}
    missing = next((source for source in sources.values() if not source.is_file()), None)
    if missing:
        raise NotFoundError(f"there is no file {missing}", hint="the workshop's files are in assets")
    return _write(leaf, {name: source.read_bytes() for name, source in sources.items()})


def leaf_path(kind: Kind, path: str) -> str:
    """The whole path of a leaf; UsageError for folder names that upstream's tools stumble over."""
    folders = path.strip("/").split("/")
    if folders[0] != _TOP[kind]:
        folders.insert(0, _TOP[kind])
    wrong = next((name for name in folders if not _FOLDER.fullmatch(name) or name.startswith(".")), None)
    if wrong is not None or len(folders) < 2 or path.startswith("/"):
        hint = "folders are of letters, digits, '_' and '-', for instance writing/letters"
        raise UsageError(f"{path!r} cannot be the path of a leaf", hint=hint)
    # The folder nearest to the file decides how it is read.
    nearest = next(FOLDERS[name] for name in reversed(folders) if name in FOLDERS)
    if nearest != kind:
        said = f"{path!r} is the path of {_NAMED[nearest]}, not of {_NAMED[kind]}"
        raise UsageError(said, hint=f"{_NAMED[kind]} lies under {_TOP[kind]}")
    return "/".join(folders)


def _write(leaf: Leaf, files: Mapping[str, bytes]) -> LeafFiles:
    if not leaf.folder.resolve().is_relative_to(leaf.root.resolve()):
        raise UsageError(f"{leaf.path} leads out of the taxonomy by a link", hint="take another path")
    blocking = next((folder for folder in (leaf.folder, *leaf.folder.parents) if folder.exists()), leaf.root)
    if not blocking.is_dir():
        raise ConflictError(f"{blocking} is a file, not a folder", hint="take another path")
    written, kept = [], []
    for name, data in files.items():
        target = leaf.folder / name
        if not target.exists():
            write_bytes(target, data)
            written.append(name)
        elif target.read_bytes() != data:
            kept.append(name)
    return LeafFiles(leaf, tuple(written), tuple(kept))
