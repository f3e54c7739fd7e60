"""Which files of a taxonomy differ from a point in its git history, in the working tree as it is now.

Counted are committed, staged and unstaged changes since the common ancestor with the base, and files that git does
not know and does not ignore; deleted files are not.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from workbench.documents.git import GitAnswer, git
from workbench.errors import UsageError
from workbench.taxonomy.moves import find_moves
from workbench.taxonomy.options import DEFAULT_BASE, NO_BASE
from workbench.taxonomy.printable import printable
from workbench.taxonomy.qna import FILE_NAME, FOLDERS
from workbench.taxonomy.yaml_file import MAX_BYTES

Status = Literal["added", "modified", "renamed", "untracked"]
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# A file in the middle of a merge is U; one that became a link, or ceased to be one, is T.
_STATUSES: dict[str, Status] = {
    "A": "added",
    "M": "modified",
    "T": "modified",
    "U": "modified",
    "R": "renamed",
    "C": "added",
}
# Tried in this order where there is no `origin/main`, as in a repository without a remote.
_STANDINS = ("origin/master", "upstream/main", "main", "master", "HEAD")
_SUBMODULE = "160000"
_PLAIN_FILES = ("100644", "100755")
_ALL_LEAVES = f"{NO_BASE} takes all leaves of the taxonomy"


@dataclass(frozen=True)
class Base:
    """`commit` is the common ancestor with HEAD, the empty tree where nothing is committed; `message` tells of a
    stand-in."""

    name: str
    commit: str
    message: str = ""


@dataclass(frozen=True, order=True)
class ChangedFile:
    """`path` and `previous` (of a file that was elsewhere, else empty) are posix paths in the taxonomy.

    `blob` is git's name for what the file held at the base, empty where it was not there.
    """

    path: str
    status: Status
    previous: str = ""
    blob: str = field(default="", compare=False)


def find_base(root: Path, name: str) -> Base:
    """UsageError for a name that git does not know, a folder outside git, or unrelated histories.

    The default falls back to what there is, and the message says to what. A branch comes before a tag of its name,
    and a remote's branch, where the name has a slash, before one of our own.
    """
    _require_work_tree(root)
    found = _commit(root, name)
    if not _commit(root, "HEAD"):
        if found or name not in (DEFAULT_BASE, "HEAD", git(root, "symbolic-ref", "--short", "HEAD").text):
            raise _unrelated(root, name) if found else _unknown(root, name)
        empty_tree = git(root, "hash-object", "-t", "tree", "/dev/null").text
        return Base(name, empty_tree, "nothing is committed yet: all files are new")
    if found:
        return Base(name, _ancestor(root, name, found))
    standin = next((other for other in _STANDINS if _commit(root, other)), "") if name == DEFAULT_BASE else ""
    if not standin:
        raise _unknown(root, name)
    ancestor = _ancestor(root, standin, _commit(root, standin))
    return Base(standin, ancestor, f"there is no {name} here: compared with {standin}")


def changed_files(root: Path, base: Base) -> list[ChangedFile]:
    """Sorted by path, each once; what a file is now has the last word over what it was when committed.

    A qna.yaml that was moved without telling git is untracked, and knows its previous path all the same.
    """
    found: dict[str, ChangedFile] = {}
    deleted: dict[str, str] = {}
    for letter, change in _different(root, base):
        if letter == "D":
            deleted[change.path] = change.blob
        else:
            found[change.path] = change
    untracked = [path for path in _untracked(root) if not path.endswith("/")]
    found |= {path: ChangedFile(path, "untracked", blob=deleted.pop(path, "")) for path in untracked}
    gone = {path: blob for path, blob in deleted.items() if Path(path).name == FILE_NAME}
    new = [path for path in untracked if Path(path).name == FILE_NAME and not found[path].blob]
    if gone and new:
        texts = texts_at(root, gone.values())
        moves = find_moves({path: texts[blob] for path, blob in gone.items() if blob in texts}, root, new)
        for path, previous in moves.items():
            found[path] = replace(found[path], previous=previous, blob=gone[previous])
    return sorted(found.values())


def leaf_statuses(root: Path, name: str = DEFAULT_BASE) -> dict[str, Status]:
    """What happened to each changed leaf, by its path; empty where there is nothing to compare with."""
    try:
        changes = changed_files(root, find_base(root, name))
    except UsageError:
        return {}
    files = [change for change in changes if PurePosixPath(change.path).name == FILE_NAME]
    return {PurePosixPath(change.path).parent.as_posix(): change.status for change in files}


def blind_spots(root: Path) -> list[str]:
    """Sentences on what a comparison leaves out although it lies in the taxonomy's folders."""
    if git(root, "check-ignore", "--quiet", ".").ok:
        return [f"git ignores the folder {root}, so nothing in it counts as new: {_ALL_LEAVES}"]
    inner = [path.rstrip("/") for path in _untracked(root) if path.endswith("/")]
    staged = _list(root, "ls-files", "--stage", "-z", "--", *FOLDERS)
    inner += [entry.split("\t", 1)[1] for entry in staged if entry.startswith(_SUBMODULE)]
    return [f"{printable(path)} is a git repository of its own: its leaves are not compared" for path in sorted(inner)]


def texts_at(root: Path, blobs: Iterable[str]) -> dict[str, str]:
    """Contents of files at the base by git's names for them, without those too large for a qna.yaml or not UTF-8."""
    sizes = _batch(root, "--batch-check", sorted(set(blobs) - {""}))
    small = [name.split()[0] for name in sizes.decode().splitlines() if _is_small(name)]
    return dict(_contents(_batch(root, "--batch", small)))


def _different(root: Path, base: Base) -> Iterator[tuple[str, ChangedFile]]:
    # Explicit where the person's own configuration of git would decide otherwise.
    flags = ("--raw", "--no-abbrev", "--find-renames=50%", "-l2000", "--no-ext-diff", "--no-textconv", "--relative")
    fields = iter(_list(root, "diff", *flags, "--ignore-submodules=all", "-z", base.commit, "--", *FOLDERS))
    for description in fields:
        mode_before, mode, blob, _, letters = description.lstrip(":").split()
        path, previous = next(fields), ""
        if letters[0] in "RC":
            path, previous = next(fields), path
        known = blob if mode_before in _PLAIN_FILES and letters[0] != "C" else ""
        if letters[0] == "D":
            yield "D", ChangedFile(path, "modified", blob=known)
        elif letters[0] in _STATUSES and mode != _SUBMODULE:
            was = previous if letters[0] == "R" else ""
            yield letters[0], ChangedFile(path, _STATUSES[letters[0]], was, known)


def _untracked(root: Path) -> list[str]:
    """A folder that is a repository of its own stands for itself, with a slash behind."""
    return _list(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *FOLDERS)


def _batch(root: Path, form: str, blobs: Iterable[str]) -> bytes:
    given = "".join(f"{blob}\n" for blob in blobs)
    return _answer(root, "cat-file", form, given=given.encode()).output if given else b""


def _is_small(described: str) -> bool:
    words = described.split()
    return len(words) == 3 and words[1] == "blob" and int(words[2]) <= MAX_BYTES


def _contents(output: bytes) -> Iterator[tuple[str, str]]:
    """`<name> blob <size>`, a line break, so many bytes, and another line break."""
    start = 0
    while start < len(output):
        end = output.index(b"\n", start)
        name, _, size = output[start:end].decode().split()
        start = end + 1 + int(size)
        with suppress(UnicodeDecodeError):
            yield name, output[end + 1 : start].decode("utf-8")
        start += 1


def _require_work_tree(root: Path) -> None:
    answer = git(root, "rev-parse", "--is-inside-work-tree")
    if answer.ok and answer.text == "true":
        return
    reason = answer.reason if not answer.ok else "it is the inside of a git repository, not its working tree"
    hint = f"take all leaves with --taxonomy-base {NO_BASE}"
    if "dubious ownership" in reason:
        hint = f"git config --global --add safe.directory {root}, or {hint}"
    raise UsageError(f"{root} cannot be compared: {reason}", hint=hint)


def _commit(root: Path, name: str) -> str:
    """The full hash; empty for what is unknown or, as `a..b`, not one commit."""
    branches = ("refs/remotes/", "refs/heads/") if "/" in name else ("refs/heads/", "refs/remotes/")
    for revision in (*(prefix + name for prefix in branches), name):
        text = git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}").text
        if _HASH.fullmatch(text):
            return text
    return ""


def _ancestor(root: Path, name: str, commit: str) -> str:
    answer = git(root, "merge-base", "HEAD", commit)
    if not answer.ok:
        raise _unrelated(root, name)
    return answer.text


def _unknown(root: Path, name: str) -> UsageError:
    known = git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags").text
    names = ", ".join(printable(ref) for ref in known.splitlines()[:6])
    hint = f"git knows {names}; {_ALL_LEAVES}" if names else _ALL_LEAVES
    return UsageError(f"git knows no {printable(name) or 'base without a name'} in {root}", hint=hint)


def _unrelated(root: Path, name: str) -> UsageError:
    shallow = git(root, "rev-parse", "--is-shallow-repository").text == "true"
    hint = "this clone holds a part of the history: git fetch --unshallow" if shallow else _ALL_LEAVES
    return UsageError(f"{printable(name)} and the current branch have no common commit", hint=hint)


def _list(root: Path, *arguments: str) -> list[str]:
    return _answer(root, *arguments).fields


def _answer(root: Path, *arguments: str, given: bytes = b"") -> GitAnswer:
    answer = git(root, *arguments, given=given)
    if not answer.ok:
        raise UsageError(f"git {arguments[0]} failed in {root}: {answer.reason}", hint="does git status work there?")
    return answer
