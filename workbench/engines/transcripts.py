"""Transcripts kept in a workspace: a record to go on from and a page to read, `chats/NAME.json` and `chats/NAME.md`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from workbench.engines.transcript import Transcript
from workbench.errors import ConflictError, NotFoundError, OptionsError, RecordError
from workbench.events import now
from workbench.records import read_json, write_json, write_text
from workbench.workspace import Workspace

FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Kept:
    """What a list shows of one: when something was last said, how many turns there are, and the first question."""

    name: str
    changed: str
    turns: int
    models: tuple[str, ...]
    begins: str

    def to_record(self) -> dict[str, Any]:
        record: dict[str, Any] = {"name": self.name, "changed": self.changed, "turns": self.turns}
        return record | {"models": list(self.models), "begins": self.begins}


class Transcripts:
    """Names are letters, digits, `.`, `_` and `-`, at most 64, a letter or digit first."""

    def __init__(self, workspace: Workspace) -> None:
        self.folder = workspace.chats

    def path(self, name: str) -> Path:
        """Of the record; OptionsError for a text that cannot be a name."""
        if not _NAME.fullmatch(name):
            hint = "take letters, digits, '.', '_' and '-', at most 64, a letter or digit first"
            raise OptionsError(f"{name!r} cannot be the name of a chat", hint=hint)
        return self.folder / f"{name}.json"

    def names(self) -> list[str]:
        found = [path.stem for path in self.folder.glob("*.json")]
        return sorted(name for name in found if _NAME.fullmatch(name))

    def load(self, name: str) -> Transcript:
        """NotFoundError with those there are; RecordError for a file that holds something else."""
        return self._read(name)[1]

    def overview(self) -> list[Kept]:
        """The one in which something was said last comes first."""
        read = [(name, *self._read(name)) for name in self.names()]
        found = [
            Kept(name, changed, len(one.turns), one.names, "".join(one.questions[:1])) for name, changed, one in read
        ]
        return sorted(found, key=lambda kept: kept.changed, reverse=True)

    def add(self, name: str, transcript: Transcript) -> str:
        """Kept under that name, or with a number behind it where there is one so called; returns the name it got."""
        self.path(name)
        with FileLock(self._lock_file("."), timeout=30):
            numbered = (f"{name[:58]}-{number}" for number in count(2))
            free = next(each for each in chain([name], numbered) if not self.path(each).exists())
            _write(self.path(free), transcript)
        return free

    @contextmanager
    def hold(self, name: str) -> Iterator["Session"]:
        """One that is gone on with, or begun; ConflictError while another program does."""
        path = self.path(name)
        lock = FileLock(self._lock_file(name), timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            hint = "end it there, or take another name"
            raise ConflictError(f"the chat {name} is open in another program", hint=hint) from error
        try:
            yield Session(path, self.load(name) if path.is_file() else Transcript())
        finally:
            lock.release()

    def _read(self, name: str) -> tuple[str, Transcript]:
        """When it was changed, and what it holds."""
        path = self.path(name)
        if not path.is_file():
            known = ", ".join(self.names()) or "none yet"
            raise NotFoundError(f"there is no chat called {name}", hint=f"there are: {known}")
        record = read_json(path)
        try:
            return str(record["changed_at"]), Transcript.from_record(record["transcript"])
        except (KeyError, TypeError, AttributeError) as error:
            hint = "move it away, or mend it"
            raise RecordError(f"{path}: not a chat that was kept here: {error!r}", hint=hint) from error

    def _lock_file(self, name: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f".{name}.lock"


class Session:
    """A transcript that grows; what was said is on the disk before the next question."""

    def __init__(self, path: Path, transcript: Transcript) -> None:
        self.name = path.stem
        self.path = path
        self.transcript = transcript

    def keep(self, transcript: Transcript) -> None:
        self.transcript = transcript
        _write(self.path, transcript)


def _write(path: Path, transcript: Transcript) -> None:
    record = {"format": FORMAT, "name": path.stem, "changed_at": now(), "transcript": transcript.to_record()}
    write_json(path, record)
    write_text(path.with_suffix(".md"), transcript.markdown(path.stem))
