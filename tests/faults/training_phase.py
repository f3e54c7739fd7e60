"""One phase in a process of its own, for tests that kill it: `python -m tests.faults.training_phase SPEC.json`.

It says `begun` when the first step begins and `ended` when all is written; a SIGTERM asks for a checkpoint.
"""

import signal
import sys
from pathlib import Path
from typing import Any

from workbench.errors import Checkpointed
from workbench.runs import Stop
from workbench.training.one_phase import train_phase
from workbench.training.phase_spec import PhaseSpec


def say(word: str) -> None:
    """A line that is there before this comes back."""
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def main(spec: PhaseSpec) -> int:
    stop = Stop()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.request("a signal"))

    def report(event: dict[str, Any]) -> None:
        if "step" not in event:
            say("begun")

    try:
        train_phase(spec, report, stop)
    except Checkpointed as error:
        return error.exit_code
    say("ended")
    return 0


if __name__ == "__main__":
    sys.exit(main(PhaseSpec.read(Path(sys.argv[1]))))
