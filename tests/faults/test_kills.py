"""Training killed with its whole process tree, again and again, ends as if nobody had killed it."""

import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Measure
from tests.faults.conftest import ROOT, begin, end, kill_tree
from workbench.assets import assets_folder
from workbench.runs import Run
from workbench.taxonomy.sample import lay_out_sample
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseSpec
from workbench.workspace import Workspace

pytestmark = pytest.mark.prove
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
MOMENTS, SEED = 20, 20_261_121
STOPPED = 75


def length(workspace: Workspace, kind: str, file: str) -> int:
    """Bytes of what the only run of a kind has written so far."""
    return sum(path.stat().st_size for path in (workspace.root / kind).glob(f"*/{file}"))


def kill_often(workspace: Workspace, arguments: Sequence[str], kind: str, file: str, total: int) -> int:
    """Kills at shares of the file's length in an undisturbed run, then lets it end; how many kills there were."""
    kills = 0
    for share in SHARES:
        process = begin(workspace, *arguments)
        while length(workspace, kind, file) < share * total and process.poll() is None:
            time.sleep(0.02)
        if process.poll() is None:
            kill_tree(process)
            kills += 1
    assert end(begin(workspace, *arguments))[0] == 0
    return kills


def digests(run: Run, names: Sequence[str]) -> dict[str, str]:
    return {name: hashlib.sha256((run.folder / name).read_bytes()).hexdigest() for name in names}


def test_training_ends_as_if_never_killed(tmp_path: Path, measured: Measure) -> None:
    plain, killed = (Workspace.find(tmp_path / name / "workspace") for name in ("plain", "killed"))
    lay_out_sample(plain)
    assert end(begin(plain, "data", "generate", "--num-instructions", "60"))[0] == 0
    train = ("model", "train", "--phase-1-epochs", "4", "--phase-2-epochs", "2", "--name", "undisturbed")
    assert end(begin(plain, *train))[0] == 0
    events = length(plain, "trained_models", "Logs/events.jsonl")
    killed.root.mkdir(parents=True, exist_ok=True)
    (killed.root / "synthetic_data").symlink_to(plain.root / "synthetic_data")
    kills = kill_often(killed, train, "trained_models", "Logs/events.jsonl", events)
    one, other = (workspace.get("trained_models", "undisturbed") for workspace in (plain, killed))
    assert digests(one, ["Model/model.safetensors"]) == digests(other, ["Model/model.safetensors"])
    attempts = json.loads((other.folder / "manifest.json").read_text())["attempts"]
    assert attempts == kills + 1
    measured("kills: training", f"{kills} kills, the weights are the same to the bit")


@pytest.fixture
def spec(tmp_path: Path) -> PhaseSpec:
    """Six epochs of the small student on a few replay rows; a checkpoint every 40 rows, validated each time."""
    source = next(iter(sorted((assets_folder() / "replay").glob("*.jsonl"))))
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(source.read_text(encoding="utf-8").splitlines(keepends=True)[:120]))
    options = TrainingOptions(
        device="cpu", validation_share=0.1, save_every_samples=40, keep_checkpoints="all", max_length=512
    )
    base = assets_folder() / "models" / "seedling-base"
    return PhaseSpec(base, file, tmp_path / "undisturbed", 6, 8, 0.002, options)


def start(spec: PhaseSpec) -> subprocess.Popen[str]:
    """The phase in a process of its own, once its first step begins, or once it is found done."""
    path = spec.folder.with_suffix(".json")
    spec.write(path)
    command = [sys.executable, "-m", "tests.faults.training_phase", str(path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() in ("begun\n", "ended\n")
    return process


def weights(folder: Path) -> dict[str, str]:
    """Digests of every checkpoint's weights."""
    files = sorted(folder.glob("*/model.safetensors"))
    return {file.parent.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def say(line: str) -> None:
    """Shown by `pytest -s`, and where the test fails."""
    sys.stdout.write(line + "\n")


def test_a_phase_killed_at_any_moment_ends_in_the_same_bits(spec: PhaseSpec, tmp_path: Path, measured: Measure) -> None:
    process = start(spec)
    since = time.monotonic()
    process.communicate()
    seconds = time.monotonic() - since
    expected = weights(spec.folder)
    assert len(expected) > 10
    say(f"seed {SEED}, {seconds:.2f} s undisturbed, last weights {expected['epoch_6']}")
    rng = random.Random(SEED)
    killed = 0
    for number in range(MOMENTS):
        moment = seconds * (number + rng.random()) / MOMENTS
        other = replace(spec, folder=tmp_path / f"killed-{number}")
        process = start(other)
        time.sleep(moment)
        alive = process.poll() is None
        process.kill()
        process.communicate()
        killed += alive
        assert start(other).wait() == 0
        found = weights(other.folder)
        say(f"killed after {moment:.2f} s: {found.get('epoch_6')}")
        assert found == expected
        assert not list(other.folder.rglob("*.part"))
        shutil.rmtree(other.folder)
    assert killed >= MOMENTS - 2
    measured("kills: one phase", f"{killed} kills uniform over the run, every checkpoint the same to the bit")


def test_sigterm_ends_in_a_checkpoint(spec: PhaseSpec, tmp_path: Path, measured: Measure) -> None:
    start(spec).communicate()
    other = replace(spec, folder=tmp_path / "stopped")
    process = start(other)
    time.sleep(1.0)
    since = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait() == STOPPED
    seconds = time.monotonic() - since
    assert start(other).wait() == 0
    assert weights(other.folder) == weights(spec.folder)
    measured("SIGTERM: training", f"checkpoint and end after {seconds:.1f} s, then the same weights to the bit")


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
