import json
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.jobs.counting import COUNTING, CountingOptions
from workbench.jobs.child import HELD
from workbench.runs import Run
from workbench.workspace import Workspace

Child = subprocess.Popen[str]


@pytest.fixture
def run(workspace: Workspace) -> Run:
    return workspace.open_run("evaluations", "first", CountingOptions(), {})


def child(run: Run, **values: Any) -> Child:
    command = [sys.executable, "-m", "workbench.jobs.child", str(run.folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdin
    request = {"step": COUNTING.record(), "options": values, "detach": False}
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    return process


def running(run: Run) -> None:
    while not (run.artifacts / "counted.json").exists():
        time.sleep(0.02)


def test_the_exit_code_says_how_it_ended(run: Run) -> None:
    process = child(run, ending="raise")
    assert process.wait() == 1
    assert process.communicate()[1] == "the last number is wrong\nhint: count to another one\n"
    finished = child(run, numbers=2)
    assert finished.wait() == 0
    assert finished.communicate()[1] == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_for_a_checkpoint(run: Run, number: signal.Signals) -> None:
    process = child(run, numbers=100, pause=0.05)
    running(run)
    process.send_signal(number)
    process.wait()
    assert process.returncode == 75
    assert number.name in run.state["sentence"]
    process.communicate()


def test_the_end_of_the_pipe_asks_for_a_checkpoint(run: Run) -> None:
    process = child(run, numbers=100, pause=0.05)
    running(run)
    process.communicate()
    assert process.returncode == 75
    assert "the process that started it has ended" in run.state["sentence"]


def test_a_run_in_other_hands_is_left_alone(run: Run) -> None:
    with run.hold() as attempt:
        process = child(run)
        assert process.wait() == HELD
        process.communicate()
        attempt.finish({})
    assert run.manifest["attempts"] == 1


def test_values_that_the_options_refuse_end_the_attempt(run: Run) -> None:
    process = child(run, numbers="many")
    assert process.wait() == 2
    assert "numbers: 'many'" in process.communicate()[1]
    assert run.state["status"] == "failed"
