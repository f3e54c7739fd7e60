import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseSpec

# A rank whose training is what the test says: the world, the pipes and the ending are real.
_HEAD = """
import sys, time
from pathlib import Path
from workbench.errors import Checkpointed, TrainingError
from workbench.training import rank

def train_phase(spec, report, stop, world):
    {body}

rank.train_phase = train_phase
sys.exit(rank.main(Path(sys.argv[1])))
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    made = PhaseSpec(
        tmp_path / "base", tmp_path / "rows", tmp_path / "phase", 1, 4, 0.01, TrainingOptions(device="cpu")
    )
    made.write(tmp_path / "spec.json")
    return tmp_path / "spec.json"


def start(spec: Path, body: str) -> subprocess.Popen[bytes]:
    """The only rank of its world; a store in a file would do, and torchrun's variables are what it reads."""
    alone = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}
    source = _HEAD.format(body=body.replace("\n", "\n    "))
    return subprocess.Popen(
        [sys.executable, "-c", source, str(spec)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **alone},
    )


def heard(process: subprocess.Popen[bytes]) -> tuple[list[dict[str, Any]], str, int]:
    out, error = process.communicate(timeout=120)
    return [json.loads(line) for line in out.splitlines()], error.decode(), process.returncode


def test_what_it_says_is_json_and_all_else_goes_to_standard_error(spec: Path) -> None:
    process = start(spec, 'report({"step": 1})\nprint("a library")\nreport({"step": 2, "size": world.size})')
    lines, error, code = heard(process)
    assert lines == [{"pid": process.pid}, {"event": {"step": 1}}, {"event": {"step": 2, "size": 1}}]
    assert "a library" in error
    assert code == 0


def test_an_error_is_told_with_its_hint(spec: Path) -> None:
    lines, _, code = heard(start(spec, 'raise TrainingError("ü" * 9000, hint="do this")'))
    assert lines[1]["error"]["error"] == "TrainingError"
    assert lines[1]["error"]["hint"] == "do this"
    assert len(lines[1]["error"]["message"]) > 200
    assert len(json.dumps(lines[1], ensure_ascii=False).encode()) < 4096
    assert code == 1


@pytest.mark.parametrize("reason", ["the user wished it", ""])
def test_the_end_of_its_input_is_a_wish_to_stop(reason: str, spec: Path) -> None:
    body = 'report({"step": 1})\nwhile not stop.requested:\n    time.sleep(0.01)\nraise Checkpointed(stop.reason)'
    process = start(spec, body)
    assert process.stdout
    said = process.stdout.readline() + process.stdout.readline()
    if reason:
        spec.with_name("stop.txt").write_text(reason)
    lines, _, code = heard(process)
    assert json.loads(said.splitlines()[1]) == {"event": {"step": 1}}
    assert lines[0]["error"]["error"] == "Checkpointed"
    assert lines[0]["error"]["message"] == (reason or "the process that started it has ended")
    assert code == 75


def test_a_signal_is_a_wish_to_stop(spec: Path) -> None:
    process = start(
        spec, 'report({"step": 1})\nwhile not stop.requested:\n    time.sleep(0.01)\nraise Checkpointed(stop.reason)'
    )
    assert process.stdout
    process.stdout.readline()
    process.stdout.readline()
    process.terminate()
    assert process.stdin
    try:
        process.wait(timeout=60)
        lines = [json.loads(line) for line in process.stdout]
    finally:
        process.kill()
        heard(process)
    assert lines[0]["error"]["message"] == "SIGTERM was received"


def test_it_gets_to_its_checkpoint_though_nobody_listens(spec: Path) -> None:
    body = 'while not stop.requested:\n    report({"step": 1})\nprint("reached")\nraise Checkpointed(stop.reason)'
    process = start(spec, body)
    assert process.stdout
    assert process.stdin
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    process.stdin.close()
    error = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(timeout=60) == 75
    assert error.strip() == "reached"
