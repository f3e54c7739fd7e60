"""Training killed with its whole process tree, again and again, ends as if nobody had killed it."""

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import Measure
from tests.faults.conftest import begin, end, kill_tree
from workbench.runs import Run
from workbench.taxonomy.sample import lay_out_sample
from workbench.workspace import Workspace

pytestmark = pytest.mark.prove
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)


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
