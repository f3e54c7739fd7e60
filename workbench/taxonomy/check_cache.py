"""Verdicts kept between runs, so that unchanged files are not checked again.

A verdict is kept under a digest of all that it depends on: the file's bytes, the kind that its folders give it, the
yamllint rules, the versions of the packages that judge, and the sources of these checks. A file's name and place are no
part of it. The cache is one SQLite file, which several processes may use at once; whatever is wrong with it, it is
left aside or begun anew, and nothing fails because of it.
"""

import json
import os
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self, get_args

from workbench.documents.sources import Origin
from workbench.records import digest_json
from workbench.taxonomy.findings import Finding, Severity

VARIABLE = "WORKBENCH_CHECK_CACHE"
OFF = "off"
FILE_NAME = "checks.sqlite"
# Verdicts kept, the oldest leave first; a longer one is not kept, nor does the file grow beyond its pages of 4 KiB.
MOST = 20_000
MOST_LETTERS = 2**15
MOST_PAGES = 2**14
_WAIT = 0.5
_JUDGES = ("instructlab-schema", "jsonschema", "yamllint", "PyYAML", "rapidfuzz")
_TABLE = "create table if not exists verdicts (digest blob primary key, verdict text not null)"
_OLDEST = "delete from verdicts where rowid <= (select max(rowid) from verdicts) - ?"
# What says nothing against the file itself: another process writes just now, or this one may not.
_NOT_ITS_FAULT = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
}


@dataclass(frozen=True)
class Verdict:
    """What a file holds wrong, without its path; how many seeds it has; and where its documents come from."""

    findings: tuple[Finding, ...]
    seeds: int = 0
    origin: Origin | None = None

    def text(self) -> str:
        # In ASCII: a value or a file's name may hold halves of letters, which no other encoding takes.
        found = [astuple(one)[1:] for one in self.findings]
        return json.dumps([found, self.seeds, astuple(self.origin) if self.origin else None])

    @classmethod
    def read(cls, text: str, shown: str) -> Self:
        """ValueError or TypeError for what is no verdict; `shown` is how its findings call the file."""
        found, seeds, origin = json.loads(text)
        findings = tuple(_finding(shown, fields) for fields in found)
        if type(seeds) is not int:
            raise ValueError("no number of seeds")
        return cls(findings, seeds, _origin(origin) if origin else None)


class CheckCache:
    """To be entered and left with `with`; new verdicts are written when it is left."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._database: sqlite3.Connection | None = None
        self._new: dict[bytes, str] = {}

    @classmethod
    def at(cls, folder: Path | None = None) -> Self:
        """In the folder given, as a workspace's cache, else in the user's own cache, else nowhere.

        The variable WORKBENCH_CHECK_CACHE names another folder, or says `off`.
        """
        named = os.environ.get(VARIABLE)
        if named == OFF:
            return cls(None)
        chosen = Path(named) if named else folder or _users_folder()
        return cls(chosen / FILE_NAME if chosen else None)

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write()
        self._close()

    def get(self, digest: bytes, shown: str) -> Verdict | None:
        """None where there is none, or none that can be read."""
        text = self._new.get(digest)
        if text is None and self._database:
            try:
                row = self._database.execute("select verdict from verdicts where digest = ?", (digest,)).fetchone()
            except sqlite3.Error as error:
                self._give_up(error)
                return None
            text = row[0] if row else None
        try:
            return Verdict.read(text, shown) if isinstance(text, str) else None
        except (ValueError, TypeError, IndexError):
            return None

    def put(self, digest: bytes, verdict: Verdict) -> None:
        text = verdict.text()
        if self._file and len(text) <= MOST_LETTERS:
            self._new[digest] = text

    def _open(self) -> None:
        if not self._file:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self._file, timeout=_WAIT, isolation_level=None)
            self._database.execute(f"pragma max_page_count = {MOST_PAGES}")
            self._database.execute("pragma synchronous = off")
            self._database.execute(_TABLE)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def _write(self) -> None:
        if not self._new or not self._database:
            return
        try:
            self._database.execute("begin immediate")
            rows = list(self._new.items())
            self._database.executemany("insert or replace into verdicts values (?, ?)", rows)
            self._database.execute(_OLDEST, (MOST,))
            self._database.execute("commit")
        except sqlite3.Error as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Goes on without; a file that is no such database, or is full, is removed, and the next run begins it anew."""
        self._close()
        code = getattr(error, "sqlite_errorcode", None)
        if self._file and code is not None and code & 0xFF not in _NOT_ITS_FAULT:
            with suppress(OSError):
                self._file.unlink()

    def _close(self) -> None:
        if self._database:
            self._database.close()
            self._database = None


def verdict_digest(data: bytes, kind: str, rules: str) -> bytes:
    """For a file's bytes, the kind that its folders give it (empty outside of them) and a yamllint configuration."""
    head = digest_json([judges(), kind, rules])
    return sha256(head.encode() + data).digest()


def contexts_digest(digest: bytes, names: Sequence[str], digests: Sequence[str]) -> bytes:
    """For a file's own digest, and the documents that its contexts are looked for in."""
    return sha256(digest + json.dumps([list(names), list(digests)]).encode()).digest()


@lru_cache(maxsize=1)
def judges() -> str:
    """Changes with every package that has a say, and with every change of the checks' own sources."""
    own = sha256()
    here = Path(__file__).parent
    for source in sorted([*here.glob("*.py"), *(here.parent / "documents").glob("*.py")]):
        own.update(source.read_bytes())
    versions: list[object] = [[name, version(name)] for name in _JUDGES]
    return digest_json([*versions, list(sys.version_info[:2]), own.hexdigest()])


def _finding(shown: str, fields: Sequence[Any]) -> Finding:
    line, column, yaml_path, code, severity, message, hint = fields
    texts = (yaml_path, code, severity, message, hint)
    if not all(isinstance(text, str) for text in texts) or type(line) is not int or type(column) is not int:
        raise ValueError("no finding")
    if severity not in get_args(Severity):
        raise ValueError(f"no severity {severity}")
    return Finding(shown, line, column, yaml_path, code, severity, message, hint)


def _origin(fields: Sequence[Any]) -> Origin:
    repo, commit, patterns = fields
    return Origin(str(repo), str(commit), tuple(str(pattern) for pattern in patterns))


def _users_folder() -> Path | None:
    """None for a user without a home."""
    base = Path(os.path.expanduser(os.environ.get("XDG_CACHE_HOME") or "~/.cache"))
    return base / "instructlab-workbench" if base.is_absolute() else None
