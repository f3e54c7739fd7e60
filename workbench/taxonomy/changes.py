"""Which files of a taxonomy differ from a point in its git history, in the working tree as it is now.

Counted are committed, staged and unstaged changes since the common ancestor with the base, and files that git does
not know and does not ignore; deleted files are not.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workbench.documents.git import GitAnswer, git
from workbench.errors import UsageError
from workbench.taxonomy.options import DEFAULT_BASE, NO_BASE
from workbench.taxonomy.qna import FOLDERS

Status = Literal["added", "modified", "renamed", "untracked"]
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_STATUSES: dict[str, Status] = {"A": "added", "M": "modified", "T": "modified", "R": "renamed", "C": "added"}
# Tried in this order where there is no `origin/main`, as in a repository without a remote.
_STANDINS = ("origin/master", "upstream/main", "main", "master", "HEAD")


@dataclass(frozen=True)
class Base:
    """`commit` is the common ancestor with HEAD, the empty tree where nothing is committed; `message` tells of a
    stand-in."""

    name: str
    commit: str
    message: str = ""


@dataclass(frozen=True, order=True)
class ChangedFile:
    """`path` and `previous` (of a renamed file, else empty) are posix paths in the taxonomy."""

    path: str
    status: Status
    previous: str = ""


def find_base(root: Path, name: str) -> Base:
    """UsageError for a name that git does not know, a folder outside git, or unrelated histories.

    The default falls back to what there is, and the message says to what.
    """
    _require_repository(root)
    if not _commit(root, "HEAD"):
        empty_tree = git(root, "hash-object", "-t", "tree", "/dev/null").text
        return Base(name, empty_tree, "nothing is committed yet: all files are new")
    if _commit(root, name):
        return Base(name, _ancestor(root, name))
    standin = next((other for other in _STANDINS if _commit(root, other)), "") if name == DEFAULT_BASE else ""
    if not standin:
        known = git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags").text
        hint = f"git knows {', '.join(known.split()[:6])}; {NO_BASE} takes all leaves"
        raise UsageError(f"git knows no {name} in {root}", hint=hint)
    return Base(standin, _ancestor(root, standin), f"there is no {name} here: compared with {standin}")


def changed_files(root: Path, base: Base) -> list[ChangedFile]:
    """Sorted by path, each once; what a file is now has the last word over what it was when committed."""
    found = {change.path: change for change in _different(root, base)}
    for path in _list(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *FOLDERS):
        found[path] = ChangedFile(path, "untracked")
    return sorted(found.values())


def file_at(root: Path, base: Base, path: str) -> str | None:
    """A file's text at the base, None where it was not there or is no text."""
    answer = git(root, "cat-file", "blob", f"{base.commit}:./{path}")
    try:
        return answer.output.decode("utf-8") if answer.ok else None
    except UnicodeDecodeError:
        return None


def _different(root: Path, base: Base) -> list[ChangedFile]:
    flags = ("--name-status", "--find-renames", "--no-ext-diff", "--no-textconv", "--relative", "-z")
    fields = iter(_list(root, "diff", *flags, base.commit, "--", *FOLDERS))
    found: list[ChangedFile] = []
    for letters in fields:
        path, previous = next(fields), ""
        if letters[0] in "RC":
            path, previous = next(fields), path
        if letters[0] in _STATUSES:
            found.append(ChangedFile(path, _STATUSES[letters[0]], previous if letters[0] == "R" else ""))
    return found


def _require_repository(root: Path) -> None:
    answer = git(root, "rev-parse", "--show-prefix")
    if not answer.ok:
        raise UsageError(
            f"{root} cannot be compared: {answer.reason}", hint=f"take all leaves with --taxonomy-base {NO_BASE}"
        )


def _commit(root: Path, name: str) -> str:
    """The full hash; empty for what is unknown or, as `a..b`, not one commit."""
    text = git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}").text
    return text if _HASH.fullmatch(text) else ""


def _ancestor(root: Path, name: str) -> str:
    answer = git(root, "merge-base", "HEAD", _commit(root, name))
    if not answer.ok:
        raise UsageError(
            f"{name} and the current branch have no common commit", hint=f"{NO_BASE} takes all leaves of the taxonomy"
        )
    return answer.text


def _list(root: Path, *arguments: str) -> list[str]:
    answer: GitAnswer = git(root, *arguments)
    if not answer.ok:
        raise UsageError(f"git {arguments[0]} failed in {root}: {answer.reason}", hint="does git status work there?")
    return answer.fields
