"""Training killed, stopped and without room: it ends in the same bits as if nothing had happened."""

import hashlib
import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.alignment.conftest import DataOptions, rows
from tests.conftest import Measure
from tests.faults.conftest import ROOT, begin, end, kill_tree
from workbench.assets import assets_folder
from workbench.records import write_text
from workbench.runs import Run
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseSpec
from workbench.workspace import Workspace

pytestmark = pytest.mark.prove
MOMENTS, SEED = 20, 20_261_121
LEFT = re.compile(r"\.part$|\.gone$|gguf\.[0-9a-f]{32}$")
CODES = {signal.SIGTERM: 75, signal.SIGINT: 130}
Make = Callable[[str], Workspace]
Begin = Callable[[Workspace], "subprocess.Popen[str]"]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A workspace with a data run of 48 rows for each of the two phases."""

    def made(name: str) -> Workspace:
        workspace = Workspace.find(tmp_path / name / "workspace")
        run = workspace.open_run("synthetic_data", "demo", DataOptions(), {})
        for kind in ("knowledge", "skills"):
            lines = "".join(json.dumps(row) + "\n" for row in rows(48, kind))
            write_text(run.folder / f"{kind}_train_msgs.jsonl", lines)
        with run.hold() as attempt:
            attempt.finish({"model": "some-teacher"})
        return workspace

    return made


@pytest.fixture
def train(tiny_model: Path) -> Begin:
    """Starts the training of six epochs in two phases, with checkpoints, validation and export."""
    flags = (
        "--base-model",
        str(tiny_model),
        "--device",
        "cpu",
        "--validation-share",
        "0.2",
        "--save-every-samples",
        "24",
    )
    flags += ("--phase-1-epochs", "4", "--phase-2-epochs", "2", "--max-length", "64")
    flags += ("--phase-1-effective-batch-size", "8", "--phase-2-effective-batch-size", "8")
    return lambda workspace: begin(workspace, "model", "train", *flags)


def trained(workspace: Workspace) -> Run:
    return workspace.get("trained_models", "demo")


def sentence(workspace: Workspace) -> str:
    """What the run said last, for whoever reads where a kill has hit."""
    states = list((workspace.root / "trained_models").glob("demo-*/state.json"))
    return str(json.loads(states[0].read_text())["sentence"]) if states else "before the run"


def digests(run: Run) -> dict[str, str]:
    """Of the weights of every checkpoint, of the model and of its GGUF files."""
    files = [*run.folder.rglob("*.safetensors"), *run.folder.rglob("*.gguf")]
    found = {str(file.relative_to(run.folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return {name: digest for name, digest in sorted(found.items()) if "/state/" not in name}


def undisturbed(make: Make, train: Begin) -> tuple[dict[str, str], float]:
    """The digests to be reached again, and the seconds from the command's start to its end."""
    workspace, since = make("undisturbed"), time.monotonic()
    code, said = end(train(workspace))
    seconds = time.monotonic() - since
    assert code == 0, said
    found = digests(trained(workspace))
    assert len(found) > 12
    say(f"seed {SEED}, {seconds:.1f} s undisturbed, {len(found)} files, Model {found['Model/model.safetensors'][:16]}")
    return found, seconds


def say(line: str) -> None:
    """Shown by `pytest -s`, and where the test fails."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@pytest.mark.parametrize("half", ["first", "second"])
def test_a_run_killed_at_any_moment_ends_in_the_same_bits(
    half: str, make: Make, train: Begin, measured: Measure
) -> None:
    expected, seconds = undisturbed(make, train)
    rng = random.Random(f"{SEED} {half}")
    kills, begun = 0, 0 if half == "first" else MOMENTS // 2
    for number in range(begun, begun + MOMENTS // 2):
        moment = seconds * (number + rng.random()) / MOMENTS
        workspace = make(f"killed-{number}")
        process = train(workspace)
        time.sleep(moment)
        kills += process.poll() is None
        said = sentence(workspace)
        kill_tree(process)
        code, told = end(train(workspace))
        assert code == 0, told
        found = digests(trained(workspace))
        say(f"killed after {moment:.1f} s ({said}): Model {found['Model/model.safetensors'][:16]}")
        assert found == expected
        assert not [path for path in trained(workspace).folder.rglob("*") if LEFT.search(path.name)]
    assert kills >= MOMENTS // 2 - 2
    same = f"{kills} kills of the whole tree, {len(expected)} files of weights and GGUF the same to the bit"
    measured(f"kills: training, {half} half of the command", same, f"{MOMENTS // 2} kills, the same bits")


def test_a_phase_killed_at_any_step_of_writing_ends_in_the_same_bits(
    tiny_model: Path, tmp_path: Path, measured: Measure
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows(24, "knowledge")))
    options = TrainingOptions(
        device="cpu", threads=1, validation_share=0.2, save_every_samples=16, keep_checkpoints="best", max_length=64
    )
    PhaseSpec(tiny_model, file, tmp_path / "phase", 1, 8, 0.002, options).write(tmp_path / "spec.json")
    command = [sys.executable, "-m", "tests.faults.kill_points", str(tmp_path / "spec.json")]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    expected, *killed = [json.loads(line) for line in said.splitlines()]
    for found in killed:
        say(found["step"])
        assert found["files"] == expected["files"], found["step"]
    assert len(killed) > 50
    same = (
        f"{len(killed)} kills, each before another change on the disk: the same files, the same bits, nothing left over"
    )
    measured("kills: checkpoints of a phase", same, "the same files and bits")


@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
def test_stopped_at_any_moment_it_goes_on_to_the_same_bits(
    number: signal.Signals, make: Make, train: Begin, measured: Measure
) -> None:
    expected, seconds = undisturbed(make, train)
    took = []
    for share in (0.1, 0.4, 0.6, 0.8, 0.95):
        workspace = make(f"stopped-{share}")
        process = train(workspace)
        time.sleep(share * seconds)
        before, since = sentence(workspace), time.monotonic()
        process.send_signal(number)
        code, said = end(process)
        took.append(time.monotonic() - since)
        say(f"{number.name} after {share * seconds:.1f} s ({before}): {code} after {took[-1]:.1f} s, {said[-200:]!r}")
        assert code == CODES[number], said
        assert "Traceback" not in said
        assert end(train(workspace))[0] == 0
        assert digests(trained(workspace)) == expected
    said = f"5 times, exit code {CODES[number]} within {max(took):.1f} s, then the same bits"
    measured(f"{number.name}: training", said, "seconds")


def test_without_room_on_the_disk_the_last_state_stays(tmp_path: Path, measured: Measure) -> None:
    workspace = Workspace.find(tmp_path / "workspace")
    rows = assets_folder() / "replay"
    source = next(iter(sorted(rows.glob("*.jsonl"))))
    train = ("model", "train", "--training-file", str(source), "--phase-1-epochs", "1", "--name", "full")
    code, said = end(begin(workspace, *train, largest_file=1 << 20))
    assert code == 1
    assert "there is no room left to write" in said
    assert "free some space and start it again" in said
    assert not list(workspace.root.rglob("*.part"))
    assert end(begin(workspace, *train))[0] == 0
    measured("full disk: training", "a clear error, nothing half-written, gone on from there")
