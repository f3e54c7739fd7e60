import json
import subprocess
import sys
from pathlib import Path

import pytest

from workbench import runs
from workbench.errors import (
    Checkpointed,
    ConflictError,
    NotFoundError,
    RecordError,
    StageError,
    StorageError,
    TrainingError,
)
from workbench.events import read_events
from workbench.options import Options, option
from workbench.records import write_json
from workbench.runs import Run, Stop
from workbench.workspace import Workspace


class Sample(Options):
    rounds: int = option(4, "How often.")


@pytest.fixture
def run(workspace: Workspace) -> Run:
    return workspace.open_run("trained_models", "first", Sample(), {})


def test_a_run_that_was_not_started_is_queued(run: Run) -> None:
    assert run.state["status"] == "queued"
    assert run.state["attempt"] == 0
    assert not run.done
    with pytest.raises(NotFoundError, match="has no result yet"):
        assert run.manifest


def test_a_finished_attempt_leaves_a_manifest(run: Run) -> None:
    with run.hold() as attempt:
        attempt.say("Half of it.")
        assert (run.state["status"], run.state["sentence"]) == ("running", "Half of it.")
        attempt.events.emit("train", loss=0.5)
        attempt.finish({"accuracy": 0.9})
    assert run.done
    assert (run.manifest["accuracy"], run.manifest["name"], run.manifest["attempts"]) == (0.9, "first", 1)
    assert run.manifest["fingerprint"] == run.fingerprint
    with pytest.raises(ConflictError, match="done already"), run.hold():
        pass
    assert run.state["status"] == "completed"
    assert [event["stage"] for event in read_events(run.events)] == ["train", "finished"]
    assert "packages" in json.loads((run.logs / "system.json").read_text())


def test_an_attempt_at_a_part_leaves_the_run_waiting(run: Run) -> None:
    with run.hold(whole=False) as attempt:
        attempt.set_aside("Looked at.")
    assert (run.state["status"], run.state["sentence"]) == ("queued", "Looked at.")
    with run.hold() as attempt:
        assert attempt.number == 2
        attempt.finish({})
    assert run.done


def test_where_nothing_can_be_written_the_error_itself_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise StorageError("there is no room left")

    def fail() -> None:
        monkeypatch.setattr(runs, "write_json", full)
        raise TrainingError("the loss is no number")

    with pytest.raises(TrainingError, match="the loss is no number"), run.hold():
        fail()


def test_a_stopped_attempt_can_be_gone_on_with(run: Run) -> None:
    stop = Stop()
    stop.check()
    stop.request("Stop was pressed")
    stop.request("again")
    with pytest.raises(Checkpointed, match="Stop was pressed"), run.hold():
        stop.check()
    assert run.state["status"] == "canceled"
    assert run.state["sentence"] == "Stopped at a checkpoint: Stop was pressed. Start it again to go on."
    with run.hold() as attempt:
        assert attempt.number == 2
        attempt.finish({})
    assert run.manifest["attempts"] == 2


def test_a_keyboard_interrupt_counts_as_a_stop(run: Run) -> None:
    with pytest.raises(KeyboardInterrupt), run.hold():
        raise KeyboardInterrupt
    assert (run.state["status"], run.state["error"]["error"]) == ("canceled", "Interrupted")


def test_a_failed_attempt_records_its_error(run: Run) -> None:
    with pytest.raises(TrainingError), run.hold():
        raise TrainingError("the loss is not a number", hint="lower the rate")
    assert (run.state["status"], run.state["sentence"]) == ("failed", "the loss is not a number")
    assert run.state["hint"] == "lower the rate"
    assert run.state["error"]["error"] == "TrainingError"


def test_an_attempt_without_a_result_has_failed(run: Run) -> None:
    with pytest.raises(StageError, match="without a result"), run.hold():
        pass
    assert run.state["status"] == "failed"


def test_one_process_works_on_a_run(run: Run) -> None:
    with run.hold() as attempt:
        with pytest.raises(ConflictError, match="another process"), Run.open(run.folder).hold():
            pass
        attempt.finish({})


def test_a_process_that_died_is_seen(run: Run) -> None:
    script = "import os, sys; from pathlib import Path; from workbench.runs import Run\n"
    script += "with Run.open(Path(sys.argv[1])).hold(): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", script, str(run.folder)], check=False)
    assert run.state["status"] == "failed"
    assert "ended without a word" in run.state["sentence"]
    with run.hold() as attempt:
        assert attempt.number == 2
        attempt.finish({})


def test_time_adds_up_over_attempts(run: Run) -> None:
    with pytest.raises(StageError), run.hold():
        pass
    state = json.loads((run.folder / "state.json").read_text())
    write_json(run.folder / "state.json", state | {"seconds": 100.0})
    with run.hold() as attempt:
        attempt.finish({})
    assert run.manifest["seconds"] >= 100.0


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", {"id": "x"})
    with pytest.raises(RecordError, match=r"run\.json:1: not the record of a run: 'kind' is missing"):
        Run.open(tmp_path)


def test_a_run_is_removed_whole_but_not_while_somebody_works_on_it(workspace: Workspace) -> None:
    run = workspace.open_run("evaluations", "mine", Options(), {})
    with run.hold() as attempt:
        with pytest.raises(ConflictError, match="being worked on"):
            run.remove()
        attempt.finish({})
    run.remove()
    assert not run.folder.exists()
    assert not list((workspace.root / "cache").iterdir())
    assert workspace.runs("evaluations") == []
