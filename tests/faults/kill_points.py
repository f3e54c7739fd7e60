"""One phase killed before each single step that it takes on the disk: `python -m tests.faults.kill_points SPEC.json`.

For each step a line of JSON: what the step was, and the files of the phase once it was started again and ended. The
first line has none: it is that of the phase that nobody killed. A file that is just being brought onto the disk is cut
in half before the kill, as a power cut would leave it.
"""

import hashlib
import json
import os
import signal
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from workbench.runs import Stop
from workbench.training.one_phase import train_phase
from workbench.training.phase_spec import PhaseSpec

_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir")
_fsync = os.fsync


class Killer:
    """Counts what this process changes below a folder, and kills it before change number `last`."""

    def __init__(self, folder: Path, last: int, report: int) -> None:
        self.folder = str(folder)
        self.last = last
        self.report = report
        self.seen = 0

    def watch(self) -> None:
        sys.addaudithook(self._audit)
        os.fsync = self._sync  # type: ignore[assignment]

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        # A tree is removed by names relative to an open folder.
        inside = arguments and (str(arguments[0]).startswith(self.folder) or not str(arguments[0]).startswith("/"))
        if inside and (opened or event in _CHANGES):
            self._count(event, str(arguments[0]))

    def _sync(self, handle: Any) -> None:
        if self.seen + 1 == self.last and os.readlink(f"/proc/self/fd/{handle}").endswith((".part", ".safetensors")):
            os.truncate(f"/proc/self/fd/{handle}", os.fstat(handle).st_size // 2)
        self._count("fsync", os.readlink(f"/proc/self/fd/{handle}"))
        _fsync(handle)

    def _count(self, event: str, path: str) -> None:
        self.seen += 1
        if self.seen == self.last:
            os.write(self.report, f"{event} {path.removeprefix(self.folder)}".encode())
            os.kill(os.getpid(), signal.SIGKILL)


def run(spec: PhaseSpec, last: int = 0) -> str:
    """The phase in a child that is killed before its step `last`; what that was, empty where it got to the end."""
    read, write = os.pipe()
    if not (child := os.fork()):
        if last:
            Killer(spec.folder, last, write).watch()
        train_phase(spec, lambda event: None, Stop())
        os._exit(0)
    os.close(write)
    _, status = os.waitpid(child, 0)
    told = os.read(read, 4096).decode()
    os.close(read)
    assert told or status == 0
    return told


def files(folder: Path) -> dict[str, str]:
    """Every file, with the digest of those in which no seconds stand."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() if path.parent.name.startswith(("epoch", "samples")) else ""
        for name, path in sorted(found.items())
    }


def main(spec: PhaseSpec) -> None:
    # With one thread nothing runs beside this process that a child would miss, and all modules are loaded here, once.
    train_phase(spec, lambda event: None, Stop())
    tell("", spec.folder)
    for number in count(1):
        there = replace(spec, folder=spec.folder.with_name(f"{spec.folder.name}-{number}"))
        if not (told := run(there, number)):
            return
        run(there)
        tell(told, there.folder)


def tell(step: str, folder: Path) -> None:
    sys.stdout.write(json.dumps({"step": step, "files": files(folder)}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(PhaseSpec.read(Path(sys.argv[1])))
