import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from tests.training.test_one_phase import write_rows
from workbench.errors import Checkpointed, OptionsError, StorageError, TrainingDataError, TrainingError
from workbench.records import write_json
from workbench.runs import Stop
from workbench.training import launch
from workbench.training.launch import check_processes, run_phase
from workbench.training.one_phase import train_phase
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import RECORD, PhaseRecord, PhaseSpec

Event = dict[str, Any]
OPTIONS = TrainingOptions(max_length=64, device="cpu", processes=2, optimizer="adamw", micro_batch_tokens=64)
DONE = PhaseRecord(
    rows=1, validation_rows=0, left_out={}, epochs=1, steps=1, tokens=1, targets=1, seconds=0.0, model="epoch_1"
)
Acting = Callable[[str], None]


@pytest.fixture
def spec(tmp_path: Path) -> PhaseSpec:
    (tmp_path / "phase").mkdir()
    return PhaseSpec(tmp_path / "base", tmp_path / "rows.jsonl", tmp_path / "phase", 1, 4, 0.01, OPTIONS)


@pytest.fixture
def acting(monkeypatch: pytest.MonkeyPatch) -> Acting:
    """In place of torchrun and its ranks runs a script, whose first argument is the spec's path."""

    def act(script: str) -> None:
        head = "import json, os, sys, time\nsay = lambda **line: os.write(1, json.dumps(line).encode() + b'\\n')\n"
        source = head + textwrap.dedent(script)
        monkeypatch.setattr(launch, "_command", lambda count, path: [sys.executable, "-c", source, str(path)])

    return act


def done(spec: PhaseSpec) -> None:
    write_json(spec.folder / RECORD, DONE.record())


def nothing(event: Event) -> None:
    pass


def test_one_process_is_this_one(spec: PhaseSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = replace(spec, options=OPTIONS.model_copy(update={"processes": 1}))
    monkeypatch.setattr("workbench.training.one_phase.train_phase", lambda *given: (given, os.getpid()))
    stop = Stop()
    found: Any = run_phase(alone, nothing, stop)
    assert found == ((alone, nothing, stop), os.getpid())


def test_a_finished_phase_starts_nobody_and_is_looked_at_here(
    spec: PhaseSpec, acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(spec)
    acting("sys.exit('started')")
    monkeypatch.setattr("workbench.training.one_phase.train_phase", lambda *given: given)
    stop = Stop()
    found: Any = run_phase(spec, nothing, stop)
    assert found == (spec, nothing, stop)


def test_events_come_in_order_whatever_else_is_printed(
    spec: PhaseSpec, acting: Acting, capfd: pytest.CaptureFixture[str]
) -> None:
    events: list[Event] = []
    acting(f"""
        for step in range(3000):
            say(event={{"step": step}})
            if step == 7:
                os.write(1, b"a library that prints\\n")
        open({str(spec.folder / RECORD)!r}, "w").write({json.dumps(DONE.record())!r})
    """)
    assert run_phase(spec, events.append, Stop()) == DONE
    assert events == [{"step": step} for step in range(3000)]
    assert "a library that prints" in capfd.readouterr().err


def test_threads_are_shared_out(spec: PhaseSpec, acting: Acting) -> None:
    six = replace(spec, options=OPTIONS.model_copy(update={"threads": 6}))
    events: list[Event] = []
    acting("""
        threads = json.load(open(sys.argv[1]))["options"]["threads"]
        say(event={"told": threads, "environment": os.environ["OMP_NUM_THREADS"]})
    """)
    with pytest.raises(TrainingError, match="without a result"):
        run_phase(six, events.append, Stop())
    assert events == [{"told": 3, "environment": "3"}]


def test_a_stop_reaches_the_ranks_with_its_reason(spec: PhaseSpec, acting: Acting) -> None:
    stop = Stop()
    acting("""
        say(event={"step": 1})
        assert os.read(0, 1) == b""
        reason = open(os.path.join(os.path.dirname(sys.argv[1]), "stop.txt")).read()
        say(error={"error": "Checkpointed", "message": "stopped at step 1 of 9: " + reason, "hint": "again"})
        sys.exit(1)
    """)
    with pytest.raises(Checkpointed, match="step 1 of 9: the user wished it") as caught:
        run_phase(spec, lambda event: stop.request("the user wished it"), stop)
    assert caught.value.hint == "again"


def test_the_error_of_a_rank_is_raised_here(spec: PhaseSpec, acting: Acting) -> None:
    acting("""
        say(error={"error": "Checkpointed", "message": "stopped", "hint": ""})
        say(error={"error": "StorageError", "message": "the disk is full", "hint": "free some"})
        sys.exit(1)
    """)
    with pytest.raises(StorageError, match="the disk is full") as caught:
        run_phase(spec, nothing, Stop())
    assert caught.value.hint == "free some"


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("say(rank=1, exit_code=-9)", "process 2 of 2 was killed by SIGKILL", "memory may have run"),
        ("say(rank=0, exit_code=3)", "process 1 of 2 ended with exit code 3", "standard error tells why"),
        ("pass", "the ranks' own watcher ended with exit code 1", "standard error tells why"),
    ],
)
def test_a_lost_rank_is_told(line: str, message: str, hint: str, spec: PhaseSpec, acting: Acting) -> None:
    acting(f"{line}\nsys.exit(1)")
    with pytest.raises(TrainingError, match=message) as caught:
        run_phase(spec, nothing, Stop())
    assert hint in caught.value.hint
    assert "go on from the last checkpoint" in caught.value.hint


def test_nobody_is_left_behind_when_the_watcher_dies(
    spec: PhaseSpec, acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rank that does not heed the pipe's end is killed."""
    monkeypatch.setattr(launch, "_PATIENCE", 0.5)
    acting("""
        import subprocess
        rank = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]])
        say(pid=rank.pid)
        say(event={"pid": rank.pid})
        os.kill(os.getpid(), 9)
    """)
    events: list[Event] = []
    with pytest.raises(TrainingError, match="the ranks' own watcher was killed by SIGKILL"):
        run_phase(spec, events.append, Stop())
    assert gone(events[0]["pid"])


def test_nobody_is_left_behind_by_an_error_here(
    spec: PhaseSpec, acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "_PATIENCE", 0.5)
    seen: list[Event] = []
    acting("say(event={'pid': os.getpid()})\ntime.sleep(600)")

    def report(event: Event) -> None:
        seen.append(event)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_phase(spec, report, Stop())
    assert gone(seen[0]["pid"])


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_the_rank_that_was_killed_counts_and_not_those_that_missed_it() -> None:
    def failure(exit_code: int, at: int) -> SimpleNamespace:
        return SimpleNamespace(exitcode=exit_code, timestamp=at)

    told: Any = SimpleNamespace(failures={0: failure(1, 5), 1: failure(-9, 5), 2: failure(-15, 4)})
    assert launch._first(told) == {"rank": 1, "exit_code": -9}
    told = SimpleNamespace(failures={0: failure(1, 6), 1: failure(2, 5)})
    assert launch._first(told) == {"rank": 1, "exit_code": 2}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"compile": True}, "processes 2 and compile"),
        ({"optimizer": "adamw_8bit"}, "adamw_8bit"),
        ({"quantize_base": "nf4", "lora_rank": 4}, "nf4"),
    ],
)
def test_what_several_processes_cannot_do_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        check_processes(OPTIONS.model_copy(update=changes))
    check_processes(OPTIONS)


def test_each_process_needs_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.device import Device

    monkeypatch.setattr(launch, "choose_device", lambda kind: Device("cuda", "bfloat16", 8, "There is one."))
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    with pytest.raises(OptionsError, match="there is 1") as caught:
        check_processes(OPTIONS)
    assert caught.value.hint == "give processes 1"


@pytest.fixture
def real(tiny_model: Path, tmp_path: Path) -> PhaseSpec:
    """Four epochs of three steps; the tiny model is cut into two."""
    file = write_rows(tmp_path / "rows.jsonl", 12)
    return PhaseSpec(tiny_model, file, tmp_path / "two", 4, 4, 0.01, OPTIONS)


def losses(events: list[Event]) -> list[float]:
    return [event["loss"] for event in events if "loss" in event]


def as_one(spec: PhaseSpec, folder: Path) -> list[float]:
    events: list[Event] = []
    train_phase(replace(spec, folder=folder, options=alone(spec.options)), events.append, Stop())
    return losses(events)


def alone(options: TrainingOptions) -> TrainingOptions:
    return options.model_copy(update={"processes": 1, "threads": 1})


@pytest.mark.prove
def test_two_processes_do_what_one_does(real: PhaseSpec, tmp_path: Path) -> None:
    events: list[Event] = []
    record = run_phase(real, events.append, Stop())
    assert (record.steps, record.model) == (12, "epoch_4")
    assert losses(events) == pytest.approx(as_one(real, tmp_path / "one"), rel=0, abs=1e-5)
    assert weights(real.folder / "epoch_4").keys() == weights(tmp_path / "one" / "epoch_4").keys()
    for name, weight in weights(real.folder / "epoch_4").items():
        assert weight.numpy() == pytest.approx(weights(tmp_path / "one" / "epoch_4")[name].numpy(), abs=1e-5)


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "model.safetensors"))


@pytest.mark.prove
def test_a_stop_is_a_checkpoint_that_either_goes_on_from(real: PhaseSpec, tmp_path: Path) -> None:
    expected = as_one(real, tmp_path / "one")
    stop, events = Stop(), list[Event]()

    def report(event: Event) -> None:
        events.append(event)
        if event.get("step") == 4:
            stop.request("a test")

    with pytest.raises(Checkpointed, match="a test"):
        run_phase(real, report, stop)
    done = losses(events)
    assert 4 <= len(done) < 12
    one = replace(real, options=alone(real.options))
    train_phase(one, events.append, Stop())
    assert losses(events) == pytest.approx(expected, rel=0, abs=1e-5)


@pytest.mark.prove
def test_what_every_rank_refuses_is_raised_once(real: PhaseSpec) -> None:
    real.file.write_text('{"messages": []}\n')
    with pytest.raises(TrainingDataError, match=r"rows\.jsonl"):
        run_phase(real, nothing, Stop())


def ranks(of: int) -> list[psutil.Process]:
    """Those that a process has started, by way of torchrun."""
    children = psutil.Process(of).children(recursive=True)
    return [process for process in children if "workbench.training.rank" in process.cmdline()]


@pytest.mark.prove
@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_rank_ends_all_and_the_state_stays(victim: int, real: PhaseSpec, tmp_path: Path) -> None:
    long = replace(real, epochs=400, options=OPTIONS.model_copy(update={"save_every_samples": 12}))
    before = bytearray()

    def report(event: Event) -> None:
        if event.get("step") == 8:
            before[:] = long.state.read_bytes()
            ours = {process.environ()["RANK"]: process for process in ranks(os.getpid())}
            ours[str(victim)].kill()

    with pytest.raises(TrainingError, match=f"process {victim + 1} of 2 was killed by SIGKILL"):
        run_phase(long, report, Stop())
    assert long.state.is_file()
    assert not ranks(os.getpid())
    short = replace(long, options=long.options.model_copy(update={"processes": 1}))
    stop, events = Stop(), list[Event]()

    def once(event: Event) -> None:
        events.append(event)
        if "loss" in event:
            stop.request("enough")

    with pytest.raises(Checkpointed):
        train_phase(short, once, stop)
    assert events[-1]["step"] > 3


@pytest.mark.prove
def test_the_death_of_whoever_started_them_ends_the_ranks(real: PhaseSpec, tmp_path: Path) -> None:
    long = replace(real, epochs=400)
    long.write(tmp_path / "spec.json")
    script = (
        "import sys; from pathlib import Path; from workbench.runs import Stop\n"
        "from workbench.training.launch import run_phase; from workbench.training.phase_spec import PhaseSpec\n"
        "run_phase(PhaseSpec.read(Path(sys.argv[1])), lambda event: print(event.get('step'), flush=True), Stop())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "spec.json")], stdout=subprocess.PIPE)
    assert parent.stdout
    for line in parent.stdout:
        if line.strip() == b"3":
            break
    started = ranks(parent.pid)
    assert len(started) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs(started, timeout=60)
    assert not alive
    assert long.state.is_file()
