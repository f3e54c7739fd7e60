"""Training killed, stopped and without room: it ends in the same bits as if nothing had happened."""

import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.alignment.conftest import DataOptions, choice_rows, data_manifest, heldout_rows, rows, write_rows
from tests.conftest import Measure
from tests.faults.conftest import ROOT, Steps, begin, end, kill_tree, say
from workbench.alignment.align import inputs
from workbench.alignment.options import AlignmentOptions
from workbench.records import read_jsonl
from workbench.runs import Run
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseSpec
from workbench.workspace import Workspace

pytestmark = pytest.mark.prove
MOMENTS, SEED = 20, 20_261_121
LEFT = re.compile(r"\.part$|\.gone$|gguf\.[0-9a-f]{32}$")
CODES = {signal.SIGTERM: 75, signal.SIGINT: 130}
Make = Callable[[str], Workspace]
Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A workspace with a data run of 24 rows for each of the two phases, and 30 questions about each."""

    def made(name: str) -> Workspace:
        workspace = Workspace.find(tmp_path / name / "workspace")
        run = workspace.open_run("synthetic_data", "demo", DataOptions(), {})
        for kind in ("knowledge", "skills"):
            write_rows(run.folder / f"{kind}_train_msgs.jsonl", rows(24, kind))
        write_rows(run.folder / "mmlu_branch" / "knowledge_harbours.jsonl", choice_rows(30))
        write_rows(run.folder / "heldout.jsonl", heldout_rows(30))
        with run.hold() as attempt:
            attempt.finish(data_manifest("some-teacher"))
        return workspace

    return made


@pytest.fixture
def options(tiny_model: Path) -> AlignmentOptions:
    """Four epochs in two phases, with checkpoints within them, validation, choices, export and evaluation."""
    return AlignmentOptions(
        base_model=str(tiny_model),
        device="cpu",
        threads=1,
        max_length=64,
        validation_share=0.2,
        save_every_samples=12,
        phase_1_epochs=2,
        phase_1_effective_batch_size=8,
        phase_2_epochs=2,
        phase_2_effective_batch_size=8,
        keep_checkpoints="chosen",
        evaluate=True,
        benchmarks=["mmlu_branch", "heldout"],
    )


@pytest.fixture
def command(options: AlignmentOptions) -> Begin:
    """Starts that alignment as a user does; no file may grow beyond a limit, if there is one."""
    wished = {name: getattr(options, name) for name in options.model_fields_set - {"evaluate"}}
    given = [(name, each) for name, value in wished.items() for each in (value if isinstance(value, list) else [value])]
    flags = [text for name, value in given for text in (f"--{name.replace('_', '-')}", str(value))]
    return lambda workspace, limit=0: begin(workspace, "model", "align", *flags, largest_file=limit)


def start(steps: Steps, workspace: Workspace, options: AlignmentOptions) -> int:
    run = workspace.open_run("trained_models", "demo", options, inputs(options, workspace))
    return steps.begin(run, "train", options)


def trained(workspace: Workspace) -> Run:
    return workspace.get("trained_models", "demo")


def sentence(workspace: Workspace) -> str:
    """What the run said last, for whoever reads where a kill has hit."""
    states = list((workspace.root / "trained_models").glob("demo-*/state.json"))
    return str(json.loads(states[0].read_text())["sentence"]) if states else "before the run"


def digests(run: Run) -> dict[str, str]:
    """Of the weights of every checkpoint, of the model and of its GGUF files, of choices and results."""
    kinds = ("*.safetensors", "*.gguf", "choice.json", "Eval/**/*.json")
    files = [file for kind in kinds for file in run.folder.rglob(kind)]
    found = {str(file.relative_to(run.folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return {name: digest for name, digest in sorted(found.items()) if "/state/" not in name}


def asked_twice(run: Run) -> list[Path]:
    """Journals in which a question stands more than once."""
    journals = {path: [(row["leaf"], row["id"]) for row in read_jsonl(path)] for path in run.artifacts.rglob("*.jsonl")}
    return [path for path, keys in journals.items() if len(set(keys)) < len(keys)]


def test_a_run_killed_at_any_moment_ends_in_the_same_bits(
    make: Make, options: AlignmentOptions, steps: Steps, measured: Measure
) -> None:
    plain = make("undisturbed")
    start(steps, plain, options)
    since = time.monotonic()
    assert steps.end() == 0
    seconds = time.monotonic() - since
    expected = digests(trained(plain))
    assert len(expected) > 8
    say(f"seed {SEED}, {seconds:.1f} s undisturbed, {len(expected)} files, {expected['Model/model.safetensors']}")
    rng = random.Random(SEED)
    kills = 0
    while kills < MOMENTS:
        moment = seconds * (kills + rng.random()) / MOMENTS
        workspace = make("killed")
        process = start(steps, workspace, options)
        time.sleep(moment)
        said = sentence(workspace)
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        killed = steps.end() == -signal.SIGKILL
        if killed:
            kills += 1
            start(steps, workspace, options)
            assert steps.end() == 0
        else:
            # It was faster than the first: what is left of the moments lies within this.
            seconds = moment
        found = digests(trained(workspace))
        say(f"{'killed' if killed else 'at its end'} after {moment:.2f} s ({said}): {found['Model/model.safetensors']}")
        assert found == expected
        assert not [path for path in trained(workspace).folder.rglob("*") if LEFT.search(path.name)]
        assert not asked_twice(trained(workspace))
        shutil.rmtree(workspace.root)
    files = f"{len(expected)} files of weights, GGUF, choices and results"
    same = f"{kills} kills uniform over the run, {files} the same to the bit, no question asked twice"
    measured("kills: training", same, f"{MOMENTS} kills, the same bits")


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


@pytest.mark.parametrize("number", [*CODES, signal.SIGKILL], ids=lambda number: number.name)
def test_a_command_that_is_stopped_goes_on_to_the_same_bits(
    number: signal.Signals, make: Make, command: Begin, measured: Measure
) -> None:
    plain, since = make("undisturbed"), time.monotonic()
    assert end(command(plain))[0] == 0
    seconds = time.monotonic() - since
    took, stopped = [], 0
    for share in (0.3, 0.6, 0.9):
        workspace = make(f"stopped-{share}")
        process = command(workspace)
        time.sleep(share * seconds)
        before, since = sentence(workspace), time.monotonic()
        if number is signal.SIGKILL:
            kill_tree(process)
        else:
            process.send_signal(number)
            code, said = end(process)
            assert code in (CODES[number], 0), said
            assert "Traceback" not in said
            stopped += code != 0
        took.append(time.monotonic() - since)
        say(f"{number.name} after {share * seconds:.1f} s ({before}): it ended after {took[-1]:.1f} s")
        assert end(command(workspace))[0] == 0
        assert digests(trained(workspace)) == digests(trained(plain))
    # The last one may come when there is nothing left to stop.
    assert stopped >= 2 or number is signal.SIGKILL
    said = f"{len(took)} times, at an end within {max(took):.1f} s, then the same bits"
    measured(f"{number.name}: training", said, "seconds, the same bits")


def test_without_room_on_the_disk_the_last_state_stays(make: Make, command: Begin, measured: Measure) -> None:
    workspace = make("full")
    code, said = end(command(workspace, 1 << 20))
    assert code == 1
    assert "there is no room left to write" in said
    assert "free some space and start it again" in said
    assert not list(workspace.root.rglob("*.part"))
    assert end(command(workspace))[0] == 0
    measured("full disk: training", "a clear error, nothing half-written, gone on from there")
