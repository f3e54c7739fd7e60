"""A step that counts slowly, checkpoints after each number, and can be told to fail or to die."""

import json
import os
import signal
import sys
import time
from typing import Any

from workbench.errors import TrainingError
from workbench.jobs.steps import Step
from workbench.options import Options, option
from workbench.records import digest_json, read_json, write_json, write_text
from workbench.runs import Attempt, Run, Stop
from workbench.workspace import Workspace


class CountingOptions(Options):
    numbers: int = option(3, "How far to count.", minimum=1)
    ending: str = option("done", "What happens at the last number.", choices=("done", "raise", "crash", "kill"))
    pause: float = option(0.01, "Seconds between two numbers.", minimum=0, result=False)
    api_key: str = option("", "A key that the step needs.", result=False)


def inputs(options: CountingOptions, workspace: Workspace) -> dict[str, str]:
    return {"numbers": digest_json(options.numbers)}


def count(options: CountingOptions, run: Run, attempt: Attempt, stop: Stop) -> dict[str, Any]:
    journal = run.artifacts / "counted.json"
    counted = read_json(journal) if journal.exists() else []
    sys.stdout.write(f"counting from {len(counted)}\n")
    while len(counted) < options.numbers:
        stop.check()
        _end_badly(options, len(counted))
        counted.append(attempt.number)
        write_json(journal, counted)
        attempt.say(f"{len(counted)} of {options.numbers}")
        attempt.events.emit("count", step=len(counted), steps=options.numbers)
        time.sleep(options.pause)
    return {"counted": counted, "key": options.api_key}


def draw(run: Run, manifest: dict[str, Any]) -> None:
    write_text(run.artifacts / "picture.txt", str(manifest["counted"]))


def _end_badly(options: CountingOptions, counted: int) -> None:
    if counted < options.numbers - 1 or options.ending == "done":
        return
    if options.ending == "raise":
        raise TrainingError("the last number is wrong", hint="count to another one")
    if options.ending == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    json.loads("nonsense")


COUNTING = Step(
    name="count",
    kind="evaluations",
    options="tests.jobs.counting:CountingOptions",
    work="tests.jobs.counting:count",
    inputs="tests.jobs.counting:inputs",
)
