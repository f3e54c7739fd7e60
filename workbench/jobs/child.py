"""The process that does a step's work: `python -m workbench.jobs.child RUN_FOLDER`.

Its standard input is a pipe from whoever started it: one line of JSON says what to do, later lines and the pipe's end
ask for a checkpoint. What it and its libraries print goes to the run's console.log. Its exit code is that of the error.
"""

import json
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import IO, Any

from workbench.errors import ConflictError, WorkbenchError, explain
from workbench.jobs.steps import Step
from workbench.records import write_json
from workbench.runs import Run, Stop

# Somebody else holds the run: whoever started this child watches that one instead.
HELD = 4
_PATIENCE = 10.0


def main(folder: Path) -> int:
    """Reads the request, works, and leaves everything else in the run's folder."""
    # Unbuffered: a thread that waits in a buffered reader would hold its lock when the interpreter ends.
    pipe = os.fdopen(0, "rb", buffering=0, closefd=False)
    request: dict[str, Any] = json.loads(pipe.readline())
    stop = Stop()
    _obey_signals(stop)
    threading.Thread(target=_watch, args=(pipe, stop, request["detach"]), daemon=True).start()
    try:
        return _work(Run.open(folder), request, stop)
    except WorkbenchError as error:
        sys.stderr.write(explain(error) + "\n")
        return error.exit_code


def _work(run: Run, request: dict[str, Any], stop: Stop) -> int:
    with ExitStack() as stack:
        try:
            step = Step(**request["step"])
            attempt = stack.enter_context(run.hold(whole=step.whole))
        except ConflictError:
            return _leave_to_the_other(run)
        options = step.options_class().parse(request["options"])
        stop.check()
        result = step.load_work()(options, run, attempt, stop)
        if draw := step.load_draw():
            draw(run, result)
        if step.whole:
            attempt.finish(result)
        else:
            write_json(run.folder / step.result, result)
            attempt.set_aside(f"The {step.name.replace('_', ' ')} is done; the rest is not started yet.")
    return 0


def _leave_to_the_other(run: Run) -> int:
    """Comes back once the run's state is the other's, so that the parent does not read an older one."""
    deadline = time.monotonic() + _PATIENCE
    while run.state["status"] not in ("running", "completed") and time.monotonic() < deadline:
        time.sleep(0.02)
    return HELD


def _obey_signals(stop: Stop) -> None:
    def request(number: int, frame: FrameType | None) -> None:
        stop.request(f"{signal.Signals(number).name} was received")

    signal.signal(signal.SIGTERM, request)
    signal.signal(signal.SIGINT, request)


def _watch(pipe: IO[bytes], stop: Stop, detached: bool) -> None:
    while line := pipe.readline():
        stop.request(line.decode().strip())
    if not detached:
        stop.request("the process that started it has ended")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
