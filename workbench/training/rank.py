"""One of the processes that train a phase together: torchrun starts `python -m workbench.training.rank SPEC.json`.

Its standard output is a pipe to whoever launched all of them: a line of JSON with its process number, then one for each
event (of the first process alone) and for an error. Its standard input is a pipe whose end asks for a checkpoint; the
reason is then in `stop.txt` beside the spec. What it and its libraries print goes to standard error.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import IO, Any

from workbench.device import choose_device
from workbench.errors import Checkpointed, WorkbenchError, error_record
from workbench.runs import Stop
from workbench.training.launch import REASON
from workbench.training.one_phase import train_phase
from workbench.training.phase_spec import PhaseSpec
from workbench.training.world import World, joined

# A line of up to 4,096 bytes is written in one piece (PIPE_BUF), so that errors of several processes do not mix.
_ROOM = {"error": 100, "message": 1500, "hint": 400}
_FAREWELL = timedelta(seconds=20)


def main(path: Path) -> int:
    """Train with the others; returns the exit code of what came of it."""
    voice = _take_output()
    _tell(voice, {"pid": os.getpid()})
    stop = Stop()
    _obey_signals(stop)
    threading.Thread(target=_watch, args=(stop, path.with_name(REASON)), daemon=True).start()
    try:
        spec = PhaseSpec.read(path)
        with joined(choose_device(spec.options.device).kind) as world:
            return _train(spec, stop, world, voice)
    except WorkbenchError as error:
        _tell_error(voice, error)
        return error.exit_code


def _train(spec: PhaseSpec, stop: Stop, world: World, voice: IO[bytes]) -> int:
    def report(event: Mapping[str, Any]) -> None:
        if world.main:
            _tell(voice, {"event": event})

    try:
        train_phase(spec, report, stop, world)
    except Checkpointed as error:
        _tell_error(voice, error)
        # The first that is gone has the others ended: not before each has written what it must.
        world.wait_for_all(_FAREWELL)
        return error.exit_code
    return 0


def _tell(voice: IO[bytes], content: Mapping[str, Any]) -> None:
    with suppress(BrokenPipeError):  # Nobody listens any more: there is a checkpoint to be reached all the same.
        voice.write(json.dumps(content, ensure_ascii=False).encode() + b"\n")


def _tell_error(voice: IO[bytes], error: WorkbenchError) -> None:
    record = error_record(error)
    short = {name: record[name].encode()[:room].decode(errors="ignore") for name, room in _ROOM.items()}
    _tell(voice, {"error": short})


def _take_output() -> IO[bytes]:
    """The pipe for this module alone; all others that print do so to standard error from now on."""
    voice = os.fdopen(os.dup(1), "wb", buffering=0)
    sys.stdout.flush()
    os.dup2(2, 1)
    return voice


def _obey_signals(stop: Stop) -> None:
    def request(number: int, frame: FrameType | None) -> None:
        stop.request(f"{signal.Signals(number).name} was received")

    signal.signal(signal.SIGTERM, request)
    signal.signal(signal.SIGINT, request)


def _watch(stop: Stop, reason: Path) -> None:
    while os.read(0, 1):
        pass
    stop.request(reason.read_text(encoding="utf-8") if reason.is_file() else "the process that started it has ended")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
