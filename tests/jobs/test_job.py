"""With real child processes that run the counting step."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from tests.jobs.counting import COUNTING, CountingOptions
from workbench.errors import Checkpointed, Interrupted, JobError, OptionsError, TrainingError
from workbench.events import Event, read_events
from workbench.jobs import job as job_module
from workbench.jobs.job import Job, Terminated, start
from workbench.options import Options
from workbench.runs import Run
from workbench.workspace import Workspace

SLOW = CountingOptions(numbers=40, pause=0.05)
PART = replace(COUNTING, name="look", result="Artifacts/look.json")


def begin(workspace: Workspace, options: CountingOptions, name: str = "first") -> Job:
    return start(COUNTING, options, workspace=workspace, name=name)


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def counted(run: Run) -> list[int]:
    path = run.artifacts / "counted.json"
    found: list[int] = json.loads(path.read_text()) if path.exists() else []
    return found


def is_counting(run: Run) -> Callable[[], bool]:
    return lambda: len(counted(run)) > 1


def test_a_job_shows_its_events_and_leaves_a_record(workspace: Workspace) -> None:
    seen: list[Event] = []
    job = begin(workspace, CountingOptions(api_key="abc")).wait(seen.append)
    assert [event["step"] for event in seen if event["stage"] == "count"] == [1, 2, 3]
    assert job.manifest["counted"] == [1, 1, 1]
    assert not job.reused
    assert "counting from 0" in (job.run.logs / "console.log").read_text()
    assert json.loads((job.run.logs / "system.json").read_text())["python"]
    assert "completed" in repr(job)


def test_a_key_reaches_the_step_but_not_the_record(workspace: Workspace) -> None:
    job = begin(workspace, CountingOptions(api_key="the key of this test")).wait()
    assert job.manifest["key"] == "the key of this test"
    assert "the key of this test" not in (job.run.folder / "run.json").read_text()


def test_a_finished_run_is_reused(workspace: Workspace) -> None:
    first = begin(workspace, CountingOptions()).wait()
    again = begin(workspace, CountingOptions(pause=0.5))
    assert again.reused
    assert not again.running
    assert again.wait().manifest == first.manifest
    assert "reused" in repr(again)


def test_a_step_that_does_a_part_leaves_the_run_open(workspace: Workspace) -> None:
    part = start(PART, CountingOptions(numbers=2), workspace=workspace, name="first").wait()
    assert part.manifest["counted"] == [1, 1]
    assert not part.reused
    assert part.poll()["status"] == "queued"
    assert "not started yet" in part.poll()["sentence"]
    assert not part.run.done
    again = start(PART, CountingOptions(numbers=2), workspace=workspace, name="first").wait()
    assert not again.reused
    whole = begin(workspace, CountingOptions(numbers=2)).wait()
    assert whole.run.folder == part.run.folder
    assert whole.manifest["attempts"] == 3
    found = start(PART, CountingOptions(numbers=2), workspace=workspace, name="first").wait()
    assert found.reused
    assert found.manifest == part.manifest


def test_a_part_that_fails_tells_why(workspace: Workspace) -> None:
    with pytest.raises(TrainingError, match="the last number is wrong"):
        start(PART, CountingOptions(ending="raise"), workspace=workspace, name="first").wait()


def test_pictures_are_drawn_from_the_result(workspace: Workspace) -> None:
    drawn = replace(COUNTING, draw="tests.jobs.counting:draw")
    run = start(drawn, CountingOptions(), workspace=workspace, name="first").wait().run
    assert (run.artifacts / "picture.txt").read_text() == "[1, 1, 1]"


def test_a_second_start_attaches(workspace: Workspace) -> None:
    first = begin(workspace, SLOW)
    until(is_counting(first.run))
    second = begin(workspace, SLOW)
    assert second.attached
    second.stop("enough")
    with pytest.raises(Checkpointed, match="SIGTERM"):
        second.wait()
    with pytest.raises(Checkpointed, match="SIGTERM"):
        first.wait()


def test_two_starts_at_once_are_one_attempt(workspace: Workspace) -> None:
    options = CountingOptions(numbers=10, pause=0.05)
    jobs = [begin(workspace, options), begin(workspace, options)]
    assert [job.wait().manifest["counted"] for job in jobs] == [[1] * 10] * 2
    assert sorted(job.attached for job in jobs) == [False, True]


def test_stop_ends_at_a_checkpoint_that_the_next_start_goes_on_from(workspace: Workspace) -> None:
    job = begin(workspace, SLOW)
    until(is_counting(job.run))
    job.stop()
    with pytest.raises(Checkpointed, match="Stop was asked for") as caught:
        job.wait()
    assert caught.value.exit_code == 75
    assert job.poll()["status"] == "canceled"
    before = len(counted(job.run))
    assert 0 < before < 40
    assert begin(workspace, SLOW).wait().manifest["counted"] == [1] * before + [2] * (40 - before)
    steps = [event["step"] for event in read_events(job.run.events) if event["stage"] == "count"]
    assert steps == list(range(1, 41))


def test_an_error_of_the_tree_crosses_the_process(workspace: Workspace) -> None:
    with pytest.raises(TrainingError, match="the last number is wrong") as caught:
        begin(workspace, CountingOptions(ending="raise")).wait()
    assert caught.value.hint == "count to another one"


def test_another_error_becomes_a_job_error_with_its_message(workspace: Workspace) -> None:
    job = begin(workspace, CountingOptions(ending="crash"))
    with pytest.raises(JobError, match="JSONDecodeError: Expecting value"):
        job.wait()
    assert "Traceback" in (job.run.logs / "console.log").read_text()


def test_a_killed_child_is_explained_and_can_be_gone_on_with(workspace: Workspace) -> None:
    job = begin(workspace, SLOW)
    until(is_counting(job.run))
    os.kill(job.run.state["process"]["pid"], signal.SIGKILL)
    with pytest.raises(JobError, match="was killed by SIGKILL") as caught:
        job.wait()
    assert "start it again to go on" in caught.value.hint
    assert job.run.state["status"] == "failed"
    assert begin(workspace, SLOW).wait().manifest["attempts"] == 2


def test_a_child_that_could_not_even_record_its_error_for_want_of_room(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_module, "shutil", SimpleNamespace(disk_usage=lambda path: SimpleNamespace(free=0)))
    with pytest.raises(JobError) as caught:
        begin(workspace, CountingOptions(ending="kill")).wait()
    assert "the disk is full, so that it could not even record why: free some space" in caught.value.hint


def test_a_child_that_kills_itself_is_seen_by_who_is_attached(workspace: Workspace) -> None:
    options = CountingOptions(numbers=10, pause=0.1, ending="kill")
    first = begin(workspace, options)
    until(is_counting(first.run))
    second = begin(workspace, options)
    for job in (second, first):
        with pytest.raises(JobError, match=r"ended without a word|killed by SIGKILL"):
            job.wait()


def test_a_step_that_cannot_be_loaded_quotes_the_console(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with pytest.raises(JobError, match="ended with exit code 1"):
        begin(workspace, CountingOptions()).wait()


def press(job: Job, error: type[KeyboardInterrupt], times: int = 1) -> Callable[[Event], None]:
    """Raises in the waiting thread, as the interpreter does on Ctrl-C."""
    left = [error] * times

    def show(event: Event) -> None:
        if left and len(counted(job.run)) > 1:
            raise left.pop()

    return show


def test_an_interrupt_asks_for_a_checkpoint(workspace: Workspace) -> None:
    job = begin(workspace, SLOW)
    with pytest.raises(Interrupted, match="interrupted by the keyboard") as caught:
        job.wait(press(job, KeyboardInterrupt))
    assert caught.value.exit_code == 130
    assert job.run.state["status"] == "canceled"


def test_a_second_interrupt_kills(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    job = begin(workspace, CountingOptions(numbers=4, pause=20))
    until(lambda: len(counted(job.run)) == 1)
    pressed = iter((KeyboardInterrupt(), KeyboardInterrupt()))

    def sleep(seconds: float) -> None:
        if error := next(pressed, None):
            raise error

    monkeypatch.setattr(job_module, "time", SimpleNamespace(sleep=sleep))
    with pytest.raises(Interrupted, match="killed by SIGKILL"):
        job.wait()
    assert not job.running


def test_sigterm_ends_in_a_checkpoint(workspace: Workspace) -> None:
    job = begin(workspace, SLOW)
    with pytest.raises(Checkpointed, match="SIGTERM was received"):
        job.wait(press(job, Terminated))


PARENT = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from tests.jobs.counting import COUNTING, CountingOptions
from workbench.jobs.job import start
from workbench.workspace import Workspace
options = CountingOptions(numbers=40, pause=0.05)
job = start(COUNTING, options, workspace=Workspace(Path(sys.argv[1])), name="first", detach=sys.argv[2] == "detach")
time.sleep(60)
"""


@pytest.mark.parametrize(("detach", "status"), [("stay", "canceled"), ("detach", "completed")])
def test_a_child_outlives_its_parent_only_when_told_to(workspace: Workspace, detach: str, status: str) -> None:
    run = workspace.open_run("evaluations", "first", SLOW, COUNTING.load_inputs()(SLOW, workspace))
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(workspace.root), detach])
    until(is_counting(run))
    child = psutil.Process(run.state["process"]["pid"])
    parent.kill()
    parent.wait()
    until(lambda: run.state["status"] != "running")
    assert run.state["status"] == status
    until(lambda: not child.is_running())


def test_the_options_of_another_step_are_refused(workspace: Workspace) -> None:
    with pytest.raises(OptionsError, match="count takes CountingOptions, not Options"):
        start(COUNTING, Options(), workspace=workspace, name="first")


def test_the_folder_of_a_run_may_hold_blanks(tmp_path: Path) -> None:
    assert begin(Workspace(tmp_path / "a b" / "c d"), CountingOptions()).wait().run.done
