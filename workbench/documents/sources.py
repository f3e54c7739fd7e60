"""Where a leaf's documents come from: a git repository at a commit, a local folder or file, or the leaf itself.

A `repo` that is a relative path names a folder of the taxonomy: first seen from the leaf's folder, then from the
taxonomy's root. A leaf that keeps its documents beside its qna.yaml says `repo: .`, `commit: HEAD` and, for
instance, `patterns: ["*.md"]`; they are read from the working tree, whatever the commit.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.documents.git import TRANSPORTS
from workbench.documents.patterns import matches
from workbench.documents.repositories import MAX_BYTES, Repository, without_name
from workbench.errors import DocumentError

READABLE = (".md", ".pdf")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCP = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:")


@dataclass(frozen=True)
class Origin:
    """The three fields of `document` in a knowledge leaf's qna.yaml."""

    repo: str
    commit: str
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """What a relative `repo` is seen from, and the folder in which fetched repositories are kept."""

    taxonomy: Path
    leaf: Path
    cache: Path


@dataclass(frozen=True)
class SourceFile:
    """A file on disk; `name` is its posix path in the repository or folder that it comes from."""

    name: str
    path: Path


def fetch(origin: Origin, place: Place, *, offline: bool = False) -> list[SourceFile]:
    """The Markdown and PDF files that the patterns cover, sorted by name; raises DocumentError where there is none."""
    found = covered(origin, place, offline=offline)
    readable = [file for file in found if is_readable(file.path.name)]
    if not readable:
        raise _nothing(origin, found)
    return readable


def covered(origin: Origin, place: Place, *, offline: bool = False) -> list[SourceFile]:
    """All files that the patterns cover, sorted by name, whatever they hold; DocumentError where there is no source."""
    found = [SourceFile(name, path) for name, path in _found(origin, place, offline)]
    return sorted(found, key=lambda file: file.name)


def is_readable(name: str) -> bool:
    """By its ending."""
    return Path(name).suffix.casefold() in READABLE


def is_remote(repo: str) -> bool:
    """Whether fetching from it needs a network."""
    scheme = _URL.match(repo)
    return bool(_SCP.match(repo)) or (scheme is not None and scheme[1].lower() != "file")


def is_cloned(repo: str) -> bool:
    """Whether it is the address of a repository that is read at a commit, not a folder read as it is."""
    return bool(_SCP.match(repo) or _URL.match(repo))


def _found(origin: Origin, place: Place, offline: bool) -> list[tuple[str, Path]]:
    if scheme := _URL.match(origin.repo):
        if scheme[1].lower() not in TRANSPORTS:
            allowed = f"allowed: {', '.join(TRANSPORTS)}"
            raise DocumentError(f"{without_name(origin.repo)}: {scheme[1]} is not allowed", hint=allowed, field="repo")
        return _at_commit(origin.repo, origin, place, offline)
    if _SCP.match(origin.repo):
        return _at_commit(origin.repo, origin, place, offline)
    path = Path(origin.repo).expanduser()
    if not path.is_absolute():
        return _in_taxonomy(origin, place)
    if _is_repository(path) and path.resolve() != place.taxonomy.resolve():
        return _at_commit(str(path.resolve()), origin, place, offline)
    return list(_in_folder(path, origin))


def _at_commit(address: str, origin: Origin, place: Place, offline: bool) -> list[tuple[str, Path]]:
    return Repository.cached(address, place.cache).files(origin.commit, origin.patterns, offline=offline)


def _in_taxonomy(origin: Origin, place: Place) -> list[tuple[str, Path]]:
    root = place.taxonomy.resolve()
    candidates = [(base.resolve() / origin.repo).resolve() for base in (place.leaf, root)]
    inside = [path for path in dict.fromkeys(candidates) if path.is_relative_to(root)]
    if not inside:
        hint = "give an absolute path or an URL"
        raise DocumentError(f"repo: {origin.repo} leads out of the taxonomy", hint=hint, field="repo")
    existing = [path for path in inside if path.exists()]
    if not existing:
        raise DocumentError(
            f"repo: {origin.repo} is neither in the leaf's folder nor in the taxonomy",
            hint="repo: . stands for the leaf's own folder",
            field="repo",
        )
    return next((files for path in existing if (files := list(_in_folder(path, origin)))), [])


def _in_folder(path: Path, origin: Origin) -> Iterator[tuple[str, Path]]:
    if path.is_file():
        yield path.name, path
        return
    if not path.is_dir():
        hint = "is a drive missing, or was it moved?"
        raise DocumentError(f"there is no folder or file {path}", hint=hint, field="repo")
    root = path.resolve()
    for file in _files(path):
        name = file.relative_to(path).as_posix()
        if matches(name, origin.patterns):
            if not file.resolve().is_relative_to(root) or file.stat().st_size > MAX_BYTES:
                raise DocumentError(
                    f"{file} is refused: a link out of its folder, or over {MAX_BYTES >> 20} MiB",
                    hint="put a copy of it there, or narrow the patterns",
                    field="patterns",
                )
            yield name, file


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git")
        yield from (path for name in sorted(names) if (path := Path(parent, name)).is_file())


def _is_repository(path: Path) -> bool:
    return (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir())


def _nothing(origin: Origin, found: list[SourceFile]) -> DocumentError:
    patterns = ", ".join(origin.patterns)
    if found:
        names = ", ".join(file.name for file in found[:3])
        said = f"{without_name(origin.repo)}: {patterns} covers no Markdown or PDF, but {names}"
        return DocumentError(said, hint="convert to .md", field="patterns")
    where = "" if not is_remote(origin.repo) else f" at {origin.commit}"
    return DocumentError(
        f"{without_name(origin.repo)}{where}: no file is covered by {patterns}",
        hint='"*.md" covers the folder itself, "**/*.md" all folders below it too',
        field="patterns",
    )
