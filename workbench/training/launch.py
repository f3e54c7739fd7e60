"""One phase in this process, or in several ranks that torchrun starts on this machine.

`python -m workbench.training.launch PROCESSES SPEC.json` is the process between: it runs torchrun's own agent, which
ends all ranks when one is lost, and tells which that was. Several GPUs are untested: there was one at most.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGTERM, Signals
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import psutil

from workbench.device import choose_device, usable_threads
from workbench.errors import Checkpointed, OptionsError, TrainingError, WorkbenchError, error_from_record
from workbench.runs import Stop
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseRecord, PhaseSpec
from workbench.training.precision import check_options

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    from workbench.training.loop import Report

# Beside the spec that the ranks were given: why they are asked for a checkpoint.
REASON = "stop.txt"
_INTERVAL = 0.1
# How long ranks may take to their next checkpoint once this process leaves without them.
_PATIENCE = 60.0
_LOOPBACK = {"linux": "lo", "darwin": "lo0"}


def run_phase(spec: PhaseSpec, report: "Report", stop: Stop) -> PhaseRecord:
    """Like `train_phase`, in as many processes as the options say; raises what a rank raised.

    A stop becomes a checkpoint of all ranks at one step. TrainingError where a rank is lost; the last state stays.
    """
    # A finished phase needs no ranks: its record is returned, or refused as that of something else.
    if spec.options.processes == 1 or PhaseRecord.read(spec.folder):
        from workbench.training.one_phase import train_phase

        return train_phase(spec, report, stop)
    check_processes(spec.options)
    with _Ranks(spec) as ranks:
        ranks.relay(report, stop)
    if record := PhaseRecord.read(spec.folder):
        return record
    raise TrainingError(f"{spec.folder}: all processes ended without a result", hint="start it again to go on")


def check_processes(options: TrainingOptions) -> None:
    """OptionsError for what several processes cannot do together; to be asked before anything is written."""
    if options.processes == 1:
        return
    device = choose_device(options.device)
    check_options(options, device)
    if options.compile:
        raise OptionsError(
            f"processes {options.processes} and compile: cut weights cannot be compiled yet", hint="leave compile off"
        )
    if device.kind == "cuda":
        from torch.cuda import device_count

        if (count := device_count()) < options.processes:
            raise OptionsError(
                f"processes {options.processes}: each needs a GPU, and there is {count}", hint=f"give processes {count}"
            )


class _Ranks:
    """The processes under way: a pipe to them whose end asks for a checkpoint, and one from them with what they say."""

    def __init__(self, spec: PhaseSpec) -> None:
        self._count = spec.options.processes
        self._errors: list[WorkbenchError] = []
        self._lost: Mapping[str, Any] = {}
        self._pids: list[int] = []
        self._rest = b""
        self._folder = tempfile.TemporaryDirectory(prefix="workbench-ranks-")
        threads = max(1, (spec.options.threads or usable_threads()) // self._count)
        path = Path(self._folder.name) / "spec.json"
        shared = spec.record()
        PhaseSpec.from_record(shared | {"options": shared["options"] | {"threads": threads}}).write(path)
        self._reason = path.with_name(REASON)
        self._process = subprocess.Popen(
            _command(self._count, path),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C in a terminal reaches them only through this process.
            start_new_session=True,
            env=dict(_environment(threads)),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nobody is left behind: whoever is still there is asked for a checkpoint, and killed if it takes too long."""
        self.stop("the process that started it has ended")
        with suppress(subprocess.TimeoutExpired):
            # Reads what they still say: one that waits for a reader would not get to its checkpoint.
            self._process.communicate(timeout=_PATIENCE)
        for pid in (*self._pids, self._process.pid):
            self._kill(pid)
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._folder.cleanup()

    def stop(self, reason: str) -> None:
        """Ask for a checkpoint; the first reason counts."""
        if self._process.stdin:
            self._reason.write_text(reason, encoding="utf-8")
            self._process.stdin.close()
            self._process.stdin = None

    def relay(self, report: "Report", stop: Stop) -> None:
        """Comes back when all have ended well, having given each event to `report`; raises what ended them if not."""
        for message in self._messages(stop):
            if "event" in message:
                report(message["event"])
            elif "error" in message:
                self._errors.append(error_from_record(message["error"]))
            elif "pid" in message:
                self._pids.append(message["pid"])
            else:
                self._lost = message
        code = self._process.wait()
        if self._errors:
            # A checkpoint that could not be written matters more than that one was asked for.
            raise min(self._errors, key=lambda error: isinstance(error, Checkpointed))
        if code:
            raise self._loss(code)

    def _messages(self, stop: Stop) -> Iterator[dict[str, Any]]:
        """Comes to an end when all ranks have; without their agent they are asked to stop."""
        output = self._process.stdout
        assert output is not None
        alone_since = 0.0
        while True:
            if stop.requested:
                self.stop(stop.reason)
            if select.select([output], [], [], _INTERVAL)[0]:
                if not (chunk := os.read(output.fileno(), 1 << 16)):
                    return
                yield from self._parse(chunk)
            elif self._process.poll() is not None:
                self.stop("the ranks' own watcher has ended")
                alone_since = alone_since or time.monotonic()
                if time.monotonic() - alone_since > _PATIENCE:
                    return

    def _parse(self, chunk: bytes) -> Iterator[dict[str, Any]]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:  # A native library that writes to the pipe itself.
                sys.stderr.write(line.decode(errors="replace") + "\n")

    def _loss(self, code: int) -> TrainingError:
        who = f"process {self._lost['rank'] + 1} of {self._count}" if self._lost else "the ranks' own watcher"
        code = self._lost.get("exit_code", code)
        name = Signals(-code).name if code < 0 else ""
        how = f"was killed by {name}" if name else f"ended with exit code {code}"
        cause = "memory may have run out; " if name == "SIGKILL" else "standard error tells why; "
        return TrainingError(
            f"{who} {how}, and the others ended with it",
            hint=f"{cause}start it again to go on from the last checkpoint",
        )

    def _kill(self, pid: int) -> None:
        """By its number, if that still belongs to a rank."""
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if pid == self._process.pid or str(self._folder.name) in " ".join(process.cmdline()):
                process.kill()


def _command(processes: int, spec: Path) -> list[str]:
    return [sys.executable, "-P", "-m", __name__, str(processes), str(spec)]


def _environment(threads: int) -> Iterator[tuple[str, str]]:
    """This process's own; ranks talk over the loopback device, and share the processors."""
    yield from os.environ.items()
    yield "OMP_NUM_THREADS", str(threads)
    # Like -P, which torchrun does not pass on: modules in the working directory are not taken for libraries.
    yield "PYTHONSAFEPATH", "1"
    if (device := _LOOPBACK.get(sys.platform)) and "GLOO_SOCKET_IFNAME" not in os.environ:
        yield "GLOO_SOCKET_IFNAME", device


def main(processes: str, spec: str) -> int:
    """Run torchrun's agent; a rank that failed first is told in a line of JSON on standard output."""
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    here = ["--standalone", "--local-addr", "127.0.0.1", "--nproc-per-node", processes]
    try:
        run.main([*here, "-m", "workbench.training.rank", spec])
    except ChildFailedError as error:
        with suppress(BrokenPipeError):
            os.write(1, json.dumps(_first(error)).encode() + b"\n")
        return 1
    except SignalException:
        return 1
    return 0


def _first(error: "ChildFailedError") -> dict[str, Any]:
    """Which rank was lost: one that a signal killed rather than those that missed it, or that were ended for it."""
    killed = {rank: one for rank, one in error.failures.items() if one.exitcode < 0 and one.exitcode != -SIGTERM}
    rank, failure = min((killed or error.failures).items(), key=lambda item: item[1].timestamp)
    return {"rank": rank, "exit_code": failure.exitcode}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
