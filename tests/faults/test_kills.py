"""Steps killed with their whole process tree, again and again, end as if nobody had killed them."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from tests.conftest import Measure
from workbench.records import read_jsonl
from workbench.runs import Run
from workbench.taxonomy.sample import lay_out_sample
from workbench.workspace import VARIABLE, Workspace

pytestmark = pytest.mark.prove
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
TEXTS = ("knowledge_train_msgs.jsonl", "skills_train_msgs.jsonl", "heldout.jsonl")


def begin(workspace: Workspace, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, VARIABLE: str(workspace.root)}
    return subprocess.Popen(
        [sys.executable, "-m", "workbench.cli.main", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    parent = psutil.Process(process.pid)
    for one in (parent, *parent.children(recursive=True)):
        one.send_signal(signal.SIGKILL)
    process.wait()


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
    assert begin(workspace, *arguments).wait() == 0
    return kills


def digests(run: Run, names: Sequence[str]) -> dict[str, str]:
    return {name: hashlib.sha256((run.folder / name).read_bytes()).hexdigest() for name in names}


def leaves(run: Run) -> dict[str, int]:
    """Kept samples by leaf."""
    files = sorted(path for path in run.artifacts.rglob("*.jsonl") if path.parent != run.artifacts)
    return {path.relative_to(run.artifacts).as_posix(): len(list(read_jsonl(path))) for path in files}


def test_generation_and_training_end_as_if_never_killed(tmp_path: Path, measured: Measure) -> None:
    plain, killed = (Workspace.find(tmp_path / name / "workspace") for name in ("plain", "killed"))
    generate = ("data", "generate", "--num-instructions", "60")
    train = ("model", "train", "--phase-1-epochs", "4", "--phase-2-epochs", "2")
    for workspace in (plain, killed):
        lay_out_sample(workspace)
    assert begin(plain, *generate).wait() == 0
    journal = length(plain, "synthetic_data", "Artifacts/journal.jsonl")
    kills = kill_often(killed, generate, "synthetic_data", "Artifacts/journal.jsonl", journal)
    first, second = (workspace.get("synthetic_data", "demo") for workspace in (plain, killed))
    assert leaves(first) == leaves(second)
    same = sum(digests(second, TEXTS)[name] == digest for name, digest in digests(first, TEXTS).items())
    measured("kills: generation", f"{kills} kills, same counts; {same} of {len(TEXTS)} files the same to the byte")

    # The data may differ by floating-point ties; training is compared on the same data.
    assert begin(plain, *train, "--name", "undisturbed").wait() == 0
    events = length(plain, "trained_models", "Logs/events.jsonl")
    second_start = Workspace.find(tmp_path / "second" / "workspace")
    second_start.root.mkdir(parents=True, exist_ok=True)
    (second_start.root / "synthetic_data").symlink_to(plain.root / "synthetic_data")
    kills = kill_often(second_start, (*train, "--name", "undisturbed"), "trained_models", "Logs/events.jsonl", events)
    one, other = (workspace.get("trained_models", "undisturbed") for workspace in (plain, second_start))
    assert digests(one, ["Model/model.safetensors"]) == digests(other, ["Model/model.safetensors"])
    attempts = json.loads((other.folder / "manifest.json").read_text())["attempts"]
    assert attempts == kills + 1
    measured("kills: training", f"{kills} kills, the weights are the same to the bit")
