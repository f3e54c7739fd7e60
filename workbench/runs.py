"""One piece of work and everything it leaves: its folder says what was asked, how it stands and what came of it.

In a run's folder: run.json first, state.json replaced as it goes, Artifacts/ and Logs/, manifest.json last. A run is
done when its manifest is there, and can be gone on with whenever it is not.
"""

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import psutil
from filelock import FileLock, Timeout

from workbench.errors import (
    Checkpointed,
    ConflictError,
    Interrupted,
    NotFoundError,
    RecordError,
    StageError,
    StorageError,
    error_record,
)
from workbench.events import EventWriter, now
from workbench.records import read_json, write_json
from workbench.system import system_facts

FORMAT = 1
KINDS = ("synthetic_data", "trained_models", "evaluations")


class Stop:
    """A wish to stop that a step looks at between two pieces of work; setting it is safe in a signal handler."""

    def __init__(self) -> None:
        self.reason = ""

    @property
    def requested(self) -> bool:
        return bool(self.reason)

    def request(self, reason: str) -> None:
        """The first reason counts."""
        self.reason = self.reason or reason or "it was asked for"

    def check(self) -> None:
        """Raises Checkpointed once a stop is wished for: call it where everything needed to go on is on disk."""
        if self.requested:
            raise Checkpointed(f"stopped at a checkpoint: {self.reason}", hint="start it again to go on from there")


class Run:
    """What was asked, under a name: `fingerprint` is the SHA-256 of all that decides its results, `id` a uuid."""

    def __init__(self, folder: Path, record: Mapping[str, Any]) -> None:
        self.folder = folder
        self.id: str = record["id"]
        self.kind: str = record["kind"]
        self.name: str = record["name"]
        self.fingerprint: str = record["fingerprint"]
        self.options: dict[str, Any] = record["options"]
        self.inputs: dict[str, str] = record["inputs"]
        self.created_at: str = record["created_at"]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """RecordError when the folder's run.json is not one."""
        record = read_json(folder / "run.json")
        try:
            return cls(folder, record)
        except (KeyError, TypeError) as error:
            raise RecordError(f"{folder / 'run.json'}:1: not the record of a run: {error} is missing") from error

    @property
    def artifacts(self) -> Path:
        return self.folder / "Artifacts"

    @property
    def logs(self) -> Path:
        return self.folder / "Logs"

    @property
    def events(self) -> Path:
        return self.logs / "events.jsonl"

    @property
    def done(self) -> bool:
        return (self.folder / "manifest.json").is_file()

    @property
    def manifest(self) -> dict[str, Any]:
        """What came of it; NotFoundError while it is not done."""
        if not self.done:
            hint = f"it is {self.state['status']}: {self.state['sentence']}"
            raise NotFoundError(f"{self.folder.name} has no result yet", hint=hint)
        return dict(read_json(self.folder / "manifest.json"))

    @property
    def state(self) -> dict[str, Any]:
        """status (queued, running, completed, failed, canceled), attempt, sentence, updated_at; also hint and error.

        A process that died without a word is seen by its absence and shown as failed.
        """
        path = self.folder / "state.json"
        if not path.is_file():
            return {"status": "queued", "attempt": 0, "sentence": "Not started yet.", "updated_at": self.created_at}
        state = dict(read_json(path))
        if self.done:
            return state | {"status": "completed"}
        if state["status"] in ("running", "completed"):
            return state | ({"status": "running"} if _alive(state["process"]) else _DIED)
        return state

    @property
    def seconds(self) -> float:
        """Time spent in all attempts; of one that died, the time until its last sign."""
        return float(self.state.get("seconds", 0.0))

    def remove(self) -> None:
        """Delete it with all its files; ConflictError while another process works on it.

        It is moved out of sight first: a reader sees the whole run or none, also when this is interrupted.
        """
        lock = FileLock(self.folder / "run.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise ConflictError(f"{self.folder.name} is being worked on by another process", hint="stop it") from error
        gone = self.folder.parent.parent / "cache" / f"deleted-{self.id}"
        gone.parent.mkdir(exist_ok=True)
        try:
            self.folder.rename(gone)
        finally:
            lock.release()
        shutil.rmtree(gone)

    @contextmanager
    def hold(self, *, whole: bool = True) -> "Iterator[Attempt]":
        """One attempt at the work. ConflictError when the run is done, or while another process holds it.

        Leaving with an error records it: Checkpointed and Interrupted as canceled, anything else as failed. An attempt
        that is not for the `whole` work may leave without a result.
        """
        lock = FileLock(self.folder / "run.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            hint = "wait for it, or stop it first"
            raise ConflictError(f"{self.folder.name} is being worked on by another process", hint=hint) from error
        try:
            if self.done:
                raise ConflictError(
                    f"{self.folder.name} is done already", hint="its manifest.json says what came of it"
                )
            yield from _attempted(Attempt(self), whole)
        finally:
            lock.release()


class Attempt:
    """One try at a run while its lock is held; `number` counts from 1, `events` is the run's only writer."""

    def __init__(self, run: Run) -> None:
        self.run = run
        before = run.state
        self.number: int = before["attempt"] + 1
        self._seconds = run.seconds
        self._since = time.monotonic()
        self._started_at = before.get("started_at", now())
        self.say("Started." if self.number == 1 else "Started again.")
        run.artifacts.mkdir(parents=True, exist_ok=True)
        write_json(run.logs / "system.json", system_facts())
        self.events = EventWriter(run.events, self.number)

    @property
    def seconds(self) -> float:
        """Time spent on the run so far, earlier attempts included."""
        return self._seconds + time.monotonic() - self._since

    def say(self, sentence: str) -> None:
        """Replaces the status sentence that whoever watches the run is shown."""
        self._write("running", sentence)

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """The last act of a step: from here on the run is done and will be reused."""
        self.events.emit("finished", seconds=round(self.seconds, 3))
        self._write("completed", f"Done in {self.seconds:.0f} s.")
        head = {name: getattr(self.run, name) for name in ("id", "kind", "name", "fingerprint")}
        times = {"started_at": self._started_at, "finished_at": now(), "seconds": round(self.seconds, 3)}
        content = {"format": FORMAT, **head, "attempts": self.number, **times, **manifest}
        write_json(self.run.folder / "manifest.json", content)

    def set_aside(self, sentence: str) -> None:
        """The last act of a step that does a part of the work: the run waits to be gone on with."""
        self._write("queued", sentence)

    def leave(self, error: BaseException) -> None:
        """Records why the attempt ended without a result."""
        if isinstance(error, KeyboardInterrupt):
            error = Interrupted("stopped from the keyboard")
        record = error_record(error)
        if isinstance(error, Checkpointed | Interrupted):
            said = record["message"]
            self._write("canceled", f"{said[:1].upper()}{said[1:]}. Start it again to go on.", record)
        else:
            self._write("failed", record["message"], record)

    def _write(self, status: str, sentence: str, error: Mapping[str, str] | None = None) -> None:
        state: dict[str, Any] = {"status": status, "attempt": self.number, "sentence": sentence, "updated_at": now()}
        state |= {"started_at": self._started_at, "seconds": round(self.seconds, 3), "process": _this_process()}
        state |= {"hint": error["hint"], "error": dict(error)} if error else {}
        write_json(self.run.folder / "state.json", state)


_DIED = {
    "status": "failed",
    "sentence": "The process that worked on it ended without a word. Start it again to go on.",
    "hint": "Logs/console.log holds its last lines; it may have run out of memory",
}


def _attempted(attempt: Attempt, whole: bool) -> Iterator[Attempt]:
    try:
        yield attempt
        if whole and not attempt.run.done:
            raise StageError(f"{attempt.run.folder.name}: the step ended without a result")
    except (Exception, KeyboardInterrupt) as error:
        # Where the disk is full not even this can be written, and the error itself must still be told.
        with suppress(StorageError):
            attempt.leave(error)
        raise
    finally:
        attempt.events.close()


def _this_process() -> dict[str, Any]:
    return {"pid": os.getpid(), "started": psutil.Process().create_time()}


def _alive(process: Mapping[str, Any]) -> bool:
    """A number alone may have been given to another process since, so the time of its start is compared as well."""
    try:
        found = psutil.Process(process["pid"])
        return abs(found.create_time() - process["started"]) < 1 and found.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
