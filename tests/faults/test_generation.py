"""Generation disturbed: killed, stopped, out of disk, without its endpoint. It ends as if nothing had happened."""

import random
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from tests.conftest import Measure
from tests.faults.conftest import Server, begin, end, kill_tree
from workbench.records import read_json, read_jsonl
from workbench.runs import Run
from workbench.taxonomy.sample import lay_out_sample
from workbench.workspace import Workspace

KILLS = 20
MOST_MORE = 32e6


@pytest.fixture
def plain(tmp_path: Path) -> Workspace:
    return laid_out(tmp_path / "plain")


@pytest.fixture
def disturbed(tmp_path: Path) -> Workspace:
    return laid_out(tmp_path / "disturbed")


def laid_out(folder: Path) -> Workspace:
    workspace = Workspace.find(folder / "workspace")
    lay_out_sample(workspace)
    return workspace


def journal(workspace: Workspace) -> bytes:
    """What the only run has journaled so far, whole lines only."""
    found = [path.read_bytes() for path in (workspace.root / "synthetic_data").glob("*/Artifacts/journal.jsonl")]
    return found[0][: found[0].rfind(b"\n") + 1] if found else b""


def made(workspace: Workspace, *flags: str) -> Run:
    code, said = end(begin(workspace, "data", "generate", *flags))
    assert code == 0, said
    return workspace.get("synthetic_data", "demo")


def counts(run: Run) -> dict[str, tuple[int, int]]:
    return {leaf["path"]: (leaf["asked"], leaf["kept"]) for leaf in run.manifest["leaves"]}


def results(run: Run) -> dict[str, bytes]:
    """All samples and rows, which follow from the answers alone."""
    paths = [path for path in run.folder.rglob("*.jsonl") if path.parent != run.logs and path.stem != "journal"]
    return {path.relative_to(run.folder).as_posix(): path.read_bytes() for path in paths}


def asked_once(run: Run) -> bool:
    keys = [record["key"] for record in read_jsonl(run.artifacts / "journal.jsonl")]
    requests: int = run.manifest["requests"]
    return len(keys) == len(set(keys)) == requests


def wait_for(workspace: Workspace, length: float, process: "subprocess.Popen[str]") -> None:
    while len(journal(workspace)) < length and process.poll() is None:
        time.sleep(0.02)


def kill_often(workspace: Workspace, flags: Sequence[str], total: int) -> tuple[Run, int]:
    """Killed at moments uniform over the growth of the journal, then let go to its end; how many kills there were."""
    kills = 0
    for moment in sorted(random.Random(KILLS).random() for _ in range(KILLS)):
        process = begin(workspace, "data", "generate", *flags)
        before = journal(workspace)
        wait_for(workspace, moment * total, process)
        if process.poll() is None:
            kill_tree(process)
            kills += 1
        assert journal(workspace).startswith(before), "a finished text has changed"
    before = journal(workspace)
    run = made(workspace, *flags)
    assert journal(workspace).startswith(before), "a finished text has changed"
    return run, kills


def test_stopped_and_killed_once_it_ends_as_if_nothing_had_happened(
    plain: Workspace, disturbed: Workspace, server: Server
) -> None:
    flags = ("--num-instructions", "15", *server.flags)
    expected = made(plain, *flags)
    process = begin(disturbed, "data", "generate", *flags)
    wait_for(disturbed, 0.2 * len(journal(plain)), process)
    process.send_signal(signal.SIGTERM)
    code, said = end(process)
    assert code == 75, said
    assert "start it again to go on from there" in said
    stopped = journal(disturbed)
    process = begin(disturbed, "data", "generate", *flags)
    wait_for(disturbed, 0.6 * len(journal(plain)), process)
    kill_tree(process)
    assert len(journal(disturbed)) > len(stopped)
    run = made(disturbed, *flags)
    assert journal(disturbed).startswith(stopped)
    assert results(run) == results(expected)
    assert asked_once(run)


@pytest.mark.prove
def test_killed_again_and_again_at_an_endpoint(
    plain: Workspace, disturbed: Workspace, server: Server, measured: Measure
) -> None:
    flags = ("--num-instructions", "120", *server.flags)
    expected = made(plain, *flags)
    run, kills = kill_often(disturbed, flags, len(journal(plain)))
    assert kills >= KILLS - 2
    assert asked_once(run)
    assert counts(run) == counts(expected)
    assert results(run) == results(expected)
    requests = run.manifest["requests"]
    same = f"{kills} kills of the whole tree, {requests:,} requests each asked once, all files the same to the byte"
    measured("kills: generation at an endpoint", same, f"{KILLS} kills, nothing asked twice, the same counts by leaf")


@pytest.mark.prove
def test_killed_again_and_again_with_the_embedded_teacher(
    plain: Workspace, disturbed: Workspace, measured: Measure
) -> None:
    flags = ("--num-instructions", "60")
    expected = made(plain, *flags)
    run, kills = kill_often(disturbed, flags, len(journal(plain)))
    assert kills >= KILLS - 2
    assert asked_once(run)
    assert counts(run) == counts(expected)
    first, second = results(expected), results(run)
    same = sum(second.get(name) == content for name, content in first.items())
    said = f"{kills} kills of the whole tree, nothing asked twice, same counts by leaf; "
    said += f"{same} of {len(first)} files the same to the byte"
    measured("kills: generation", said, f"{KILLS} kills, nothing asked twice, the same counts by leaf")
    _compare_estimate(expected, measured)


@pytest.mark.prove
def test_a_preview_shows_samples_of_every_leaf(plain: Workspace, measured: Measure) -> None:
    since = time.monotonic()
    code, said = end(begin(plain, "data", "preview"))
    seconds = time.monotonic() - since
    assert code == 0, said
    found = read_json(plain.get("synthetic_data", "demo").folder / "Artifacts" / "preview.json")
    assert all(found["samples"].values())
    measured("preview: sample taxonomy, embedded teacher", f"{seconds:.0f} s", "under a minute")


def _compare_estimate(run: Run, measured: Measure) -> None:
    found, manifest = run.manifest["estimate"], run.manifest
    trained = manifest["data_metrics"]["tokens"]["training_estimated"]
    ratios = {
        "requests": found["requests"] / manifest["requests"],
        "output tokens": found["meters"]["generation_output"] / manifest["generated_tokens"],
        "training tokens": found["meters"]["training_input"] / trained,
        "minutes": 60 * (found["minutes"] or 0) / manifest["seconds"],
    }
    said = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
    measured("generation: estimate as a share of what came", said)


@pytest.mark.prove
def test_without_room_on_the_disk_nothing_is_lost(
    plain: Workspace, disturbed: Workspace, server: Server, measured: Measure
) -> None:
    flags = ("--num-instructions", "60", *server.flags)
    expected = made(plain, *flags)
    code, said = end(begin(disturbed, "data", "generate", *flags, largest_file=200_000))
    assert code == 1
    assert "there is no room left to write" in said
    assert "free some space and start it again" in said
    before = journal(disturbed)
    assert before
    run = made(disturbed, *flags)
    assert journal(disturbed).startswith(before)
    assert asked_once(run)
    assert results(run) == results(expected)
    kept = len(before.splitlines())
    measured("full disk: generation", f"a clear error, {kept:,} answers kept, gone on from there, same files")


@pytest.mark.prove
def test_without_its_endpoint_nothing_is_lost(
    plain: Workspace, disturbed: Workspace, server: Server, measured: Measure
) -> None:
    flags = ("--num-instructions", "40", *server.flags)
    expected = made(plain, *flags)
    server.stop()
    lives = 0
    for life in (150, 400):
        server.start(life)
        before = journal(disturbed)
        code, said = end(begin(disturbed, "data", "generate", *flags))
        assert code == 1
        assert "is the endpoint up, and its address right?" in said
        assert "answers so far are kept, and starting again goes on from there" in said
        assert journal(disturbed).startswith(before)
        assert len(journal(disturbed)) > len(before)
        lives += 1
    server.start()
    run = made(disturbed, *flags)
    assert asked_once(run)
    assert results(run) == results(expected)
    measured("lost endpoint: generation", f"lost {lives} times, a clear error each time, gone on, same files")


@pytest.mark.prove
def test_memory_does_not_grow_with_the_number_of_samples(tmp_path: Path, server: Server, measured: Measure) -> None:
    peaks = {}
    for samples in (1_000, 5_000, 10_000):
        workspace = laid_out(tmp_path / str(samples))
        each = samples // 5
        process = begin(workspace, "data", "generate", "--num-instructions", str(each), *server.flags)
        peaks[samples] = _peak(process)
        assert end(process)[0] == 0
        run = workspace.get("synthetic_data", "demo")
        assert sum(leaf["kept"] for leaf in run.manifest["leaves"]) == samples
    said = ", ".join(f"{peak / 1e6:.0f} MB at {samples:,}" for samples, peak in peaks.items())
    measured("memory: peak of a generation by its samples", said, "flat")
    assert peaks[10_000] - peaks[1_000] < MOST_MORE, said


def _peak(process: "subprocess.Popen[str]") -> float:
    """Most resident bytes of the process that does the work."""
    peak = 0
    while process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            try:
                peak = max(peak, child.memory_info().rss)
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.1)
    return peak
