"""Starting a step, watching it, stopping it, and getting its error as if it had been raised here."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Self

import psutil

from workbench.errors import Checkpointed, Interrupted, JobError, OptionsError, error_from_record
from workbench.events import Event, EventReader
from workbench.jobs.child import HELD
from workbench.jobs.steps import MANIFEST, Step, find_step
from workbench.options import Options
from workbench.records import read_json
from workbench.runs import Run
from workbench.workspace import Workspace

Show = Callable[[Event], None]
_INTERVAL = 0.1
_QUOTED_LINES = 3
_ROOM = 64 << 10


class Terminated(KeyboardInterrupt):
    """A shell raises it on SIGTERM: handled like an interrupt, but the run's ending keeps its exit code 75."""


class Job:
    """A run being worked on in a child process, or found finished (`reused`), or in the hands of another process.

    `result` is the file in the run's folder that the step leaves.
    """

    def __init__(self, run: Run, request: Mapping[str, Any] | None = None, result: str = MANIFEST) -> None:
        self.run = run
        self._result = run.folder / result
        self.reused = run.done
        self._process: subprocess.Popen[bytes] | None = None
        self._reader = EventReader(run.events)
        state = run.state
        self._before: int = state["attempt"] - (state["status"] == "running")
        self._console_start = _size(run)
        if request and not self.reused and state["status"] != "running":
            self._process = _spawn(run, request)

    @property
    def attached(self) -> bool:
        """Whether another process started the work that this job watches."""
        return self._process is None and not self.reused

    @property
    def running(self) -> bool:
        if self._process is not None and self._process.poll() == HELD:
            self._close_pipe()
            self._process = None
        if self._process is not None:
            return self._process.poll() is None
        return bool(self.run.state["status"] == "running")

    @property
    def manifest(self) -> dict[str, Any]:
        """What came of it; NotFoundError while it is not done."""
        return self.run.manifest if self._result.name == MANIFEST else dict(read_json(self._result))

    @property
    def _done(self) -> bool:
        """A run that is done has the results of all its steps; a part's own child says by its code that it is."""
        code = self._process.returncode if self._process else 0
        return self.run.done or (self._result.is_file() and code == 0 and self.run.state["status"] == "queued")

    def poll(self) -> dict[str, Any]:
        """The run's state at this moment: status, attempt, sentence."""
        return self.run.state

    def stop(self, reason: str = "Stop was asked for") -> None:
        """Asks for a checkpoint; the work goes on until it gets there."""
        if self._process is not None and self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.write(f"{reason}\n".encode())
                self._process.stdin.flush()
        elif self.running:
            with suppress(ProcessLookupError):
                os.kill(self.run.state["process"]["pid"], signal.SIGTERM)

    def kill(self) -> None:
        """Ends the child and its own children at once; what was checkpointed stays."""
        if self._process is None:
            return
        with suppress(psutil.NoSuchProcess):
            child = psutil.Process(self._process.pid)
            for process in [*child.children(recursive=True), child]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self._process.wait()

    def wait(self, show: Show | None = None) -> Self:
        """Comes back when the run is done, having given each event to `show`; raises the child's error otherwise.

        A KeyboardInterrupt asks for a checkpoint and ends in Interrupted once it is reached; a second one kills.
        """
        interrupt: KeyboardInterrupt | None = None
        while self.running:
            try:
                self._show(show)
                time.sleep(_INTERVAL)
            except KeyboardInterrupt as pressed:
                if interrupt:
                    self.kill()
                interrupt = pressed
                self.stop("SIGTERM was received" if isinstance(pressed, Terminated) else "interrupted by the keyboard")
        self._show(show)
        self._close_pipe()
        if not self._done:
            raise self._error(interrupt)
        return self

    def _show(self, show: Show | None) -> None:
        if show:
            for event in self._reader.poll():
                show(event)

    def _error(self, interrupt: KeyboardInterrupt | None) -> Exception:
        state = self.run.state
        error = error_from_record(state["error"]) if self._is_ours(state) else self._death()
        if interrupt and not isinstance(interrupt, Terminated) and isinstance(error, Checkpointed | JobError):
            return Interrupted(f"{self.run.folder.name}: {error.message}", hint="start it again to go on from there")
        return error

    def _is_ours(self, state: dict[str, Any]) -> bool:
        return "error" in state and state["attempt"] > self._before

    def _death(self) -> JobError:
        """The child ended without recording why."""
        code = self._process.returncode if self._process else 0
        how = f"ended with exit code {code}" if code else "ended without a word"
        if code < 0:
            how = f"was killed by {signal.Signals(-code).name}"
        quoted = "".join(f"\n  {line}" for line in self._last_lines())
        cause = "memory may have run out; " if code == -signal.SIGKILL else ""
        if shutil.disk_usage(self.run.folder).free < _ROOM:
            cause = "the disk is full, so that it could not even record why: free some space; "
        hint = f"{cause}start it again to go on from the last checkpoint; {self.run.logs / 'console.log'} tells more"
        return JobError(f"{self.run.folder.name}: the process that worked on it {how}{quoted}", hint=hint)

    def _last_lines(self) -> list[str]:
        path = self.run.logs / "console.log"
        if not path.is_file():
            return []
        with path.open("rb") as file:
            file.seek(self._console_start)
            return file.read().decode(errors="replace").strip().splitlines()[-_QUOTED_LINES:]

    def _close_pipe(self) -> None:
        if self._process is not None and self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait()

    def __repr__(self) -> str:
        state = self.run.state
        status = "reused" if self.reused else state["status"]
        return f"{self.run.folder.name}: {status}. {state['sentence']}"


def start(step: str | Step, options: Options, *, workspace: Workspace, name: str, detach: bool = False) -> Job:
    """Starts the step's run in a child process, or finds it done or being worked on; comes back at once.

    With `detach` the child goes on when this process ends; otherwise it stops at its next checkpoint.
    """
    known = find_step(step) if isinstance(step, str) else step
    if not isinstance(options, known.options_class()):
        expected = known.options_class().__name__
        raise OptionsError(f"{known.name} takes {expected}, not {type(options).__name__}")
    run = workspace.open_run(known.kind, name, options, known.load_inputs()(options, workspace))
    return Job(run, {"step": known.record(), "options": options.model_dump(), "detach": detach}, known.result)


def _spawn(run: Run, request: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """The child leads a session of its own, so that Ctrl-C in a terminal reaches it only through `Job.wait`."""
    run.logs.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-P", "-m", "workbench.jobs.child", str(run.folder)]
    with (run.logs / "console.log").open("ab") as console:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=console,
            stderr=console,
            start_new_session=True,
            env=dict(_environment()),
        )
    if process.stdin:
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
    return process


def _environment() -> Iterator[tuple[str, str]]:
    """This process's own, without the notebook's plotting backend, which draws into a kernel that is not there, and
    without the libraries' progress bars, which would fill console.log and hide what an error is about."""
    yield from ((name, value) for name, value in os.environ.items() if name != "MPLBACKEND")
    yield "PYTHONUNBUFFERED", "1"
    yield "HF_HUB_DISABLE_PROGRESS_BARS", "1"


def _size(run: Run) -> int:
    path = run.logs / "console.log"
    return path.stat().st_size if path.is_file() else 0
