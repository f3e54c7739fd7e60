"""Files of a git repository at a commit: fetched once, without its history, and read from the object store.

Nothing is checked out, so no filter, hook, link or submodule of a foreign repository takes effect.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from workbench.documents.git import GitAnswer, git
from workbench.documents.patterns import matches
from workbench.errors import DocumentError
from workbench.records import digest_bytes, write_bytes

MAX_BYTES = 64 * 2**20
FULL_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT_HASH = re.compile(r"[0-9a-f]{7,39}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]*")
# What git or ssh would take for an option of its own: a dash before the address, the host or the user.
_OPTION_LIKE = re.compile(r"^-|://-|@-")
_PLAIN_FILES = ("100644", "100755")
# As git says that the repository answered, but has no such branch, tag or commit.
_NO_SUCH_REF = re.compile(r"couldn't find remote ref|(remote error: )?upload-pack: not our ref")


@dataclass(frozen=True)
class Repository:
    """A repository's address (URL or absolute path) and where its objects and files are kept between runs."""

    address: str
    store: Path

    @classmethod
    def cached(cls, address: str, cache: Path) -> "Repository":
        return cls(address, cache / "documents" / digest_bytes(address.encode())[:16])

    @property
    def objects(self) -> Path:
        return self.store / "repository.git"

    @property
    def is_there(self) -> bool:
        """Whether anything was fetched from it before."""
        return self.objects.is_dir()

    @property
    def shown(self) -> str:
        return without_name(self.address)

    def files(self, commit: str, patterns: Sequence[str], *, offline: bool = False) -> list[tuple[str, Path]]:
        """Posix names in the repository and paths of their copies in the cache, sorted by name.

        A full hash that was fetched before needs no network; a branch or tag is asked for anew where that is
        possible. Raises DocumentError when the commit cannot be had.
        """
        if _OPTION_LIKE.search(self.address) or not self.address.isprintable():
            raise DocumentError(f"{self.shown!r} cannot be an address", hint="give an URL or a path", field="repo")
        if not _NAME.fullmatch(commit) or ".." in commit:
            hint = "give the full hash of a commit"
            raise DocumentError(f"{commit!r} cannot be a commit, branch or tag", hint=hint, field="commit")
        self.objects.mkdir(parents=True, exist_ok=True)
        with FileLock(self.store / "lock"):
            self._git("init", "--quiet", "--bare", "--template=", ".")
            found = self._resolve(commit, offline=offline)
            return sorted(self._copy(found, patterns))

    def _resolve(self, commit: str, *, offline: bool) -> str:
        named = f"refs/workbench/{digest_bytes(commit.encode())[:16]}"
        fixed = bool(FULL_HASH.fullmatch(commit) or _SHORT_HASH.fullmatch(commit))
        if fixed and (known := self._known(commit)):
            return known
        reason = "the network is switched off" if offline else self._fetch(commit, named)
        known = self._known(commit) if fixed else self._known(named)
        if not known:
            raise DocumentError(
                f"{self.shown}: {commit} could not be fetched: {reason or 'there is no such commit'}",
                hint="fetch once with network, or keep the documents beside qna.yaml: repo: ., commit: HEAD",
                field="commit" if not reason or _NO_SUCH_REF.match(reason) else "repo",
            )
        return known

    def _known(self, revision: str) -> str:
        answer = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
        return answer.text if answer.ok else ""

    def _fetch(self, commit: str, named: str) -> str:
        """Why it failed, or nothing; a server that hands out no single hashes is asked for all it has."""
        # Left behind by a process that was killed; nobody else holds it while this store is locked.
        (self.objects / "shallow.lock").unlink(missing_ok=True)
        if not _SHORT_HASH.fullmatch(commit):
            answer = self._fetch_refs("--depth=1", f"+{commit}:{named}")
            if answer.ok or not FULL_HASH.fullmatch(commit):
                return answer.reason if not answer.ok else ""
        shallow = self._git("rev-parse", "--is-shallow-repository").text == "true"
        everything = ("+refs/heads/*:refs/workbench/heads/*", "+refs/tags/*:refs/workbench/tags/*")
        answer = self._fetch_refs(*(("--unshallow",) if shallow else ()), *everything)
        return "" if answer.ok else answer.reason

    def _fetch_refs(self, *arguments: str) -> GitAnswer:
        options = [argument for argument in arguments if argument.startswith("--")]
        refs = [argument for argument in arguments if not argument.startswith("--")]
        plain = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        slow = ("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=30")
        return self._git(*slow, "fetch", *plain, *options, "--end-of-options", self.address, *refs)

    def _copy(self, commit: str, patterns: Sequence[str]) -> Iterator[tuple[str, Path]]:
        for name, blob, size in self._listing(commit):
            if not matches(name, patterns):
                continue
            if size > MAX_BYTES or not _safe(name):
                said = f"{self.shown}: {name} is refused: over {MAX_BYTES >> 20} MiB or not a plain name"
                raise DocumentError(said, hint="narrow the patterns", field="patterns")
            path = self.store / "files" / commit / name
            if not path.is_file():
                write_bytes(path, self._required("cat-file", "blob", blob).output)
            yield name, path

    def _listing(self, commit: str) -> Iterator[tuple[str, str, int]]:
        for entry in self._required("ls-tree", "-r", "-l", "-z", "--full-tree", commit).fields:
            description, name = entry.split("\t", 1)
            mode, _, blob, size = description.split()
            if mode in _PLAIN_FILES:
                yield name, blob, int(size)

    def _required(self, *arguments: str) -> GitAnswer:
        answer = self._git(*arguments)
        if not answer.ok:
            raise DocumentError(f"{self.shown}: {answer.reason}", hint=f"remove {self.store} to fetch it anew")
        return answer

    def _git(self, *arguments: str) -> GitAnswer:
        return git(self.objects, *arguments, environment={"GIT_ALLOW_PROTOCOL": self._protocols})

    @property
    def _protocols(self) -> str:
        """Only what the address itself asks for: no server can lead to local files or to a command."""
        scheme, separator, _ = self.address.partition("://")
        if separator:
            return "http:https" if scheme.lower() in ("http", "https") else scheme.lower()
        return "file" if self.address.startswith("/") else "ssh"


def without_name(address: str) -> str:
    """An address without a user's name and token, as messages show it."""
    return re.sub(r"(?<=://)[^/@]{1,200}@", "", address)


def _safe(name: str) -> bool:
    return not any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in name.split("/"))
