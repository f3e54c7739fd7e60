"""Evaluation killed, or without its endpoint: nothing finished is asked again, and it ends as it would have."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.alignment.conftest import DataOptions
from tests.conftest import Measure
from tests.faults.conftest import Server, Steps, begin, end, free_port, say
from workbench.assets import assets_folder
from workbench.evaluation.evaluate import inputs
from workbench.evaluation.options import BENCHMARKS, EvaluationOptions
from workbench.export import export_gguf
from workbench.records import read_json, read_jsonl, write_text
from workbench.runs import Run
from workbench.taxonomy.sample import lay_out_sample
from workbench.workspace import Workspace

pytestmark = pytest.mark.prove
MOMENTS, SEED = 20, 20_261_122
MODELS = assets_folder() / "models"
BASE, TEACHER = MODELS / "seedling-base", MODELS / "seedling-teacher-Q4_K_M.gguf"
FOUR = ("mmlu", "mmlu_branch", "mt_bench", "mt_bench_branch")
# Engines that take questions in other company may differ in the last places of a likelihood.
_CLOSE = 2e-2
RATED = ("mt_bench", "mt_bench_branch")
# A judge in four bits depends on its company far more: where two ratings are about as likely, either may come.
_VERDICT, _MOST_OTHERWISE = {"judgement", "judgements", "rating", "ratings"}, 0.02


def laid_out(folder: Path) -> Workspace:
    """A workspace with the sample, a data run with questions of both its leaves of knowledge, and a trained run whose
    model is the embedded base as a GGUF file, so that two engines are asked."""
    workspace = Workspace.find(folder / "workspace")
    taxonomy = lay_out_sample(workspace)
    leaves = [{"path": leaf.path, "kind": leaf.kind} for leaf in taxonomy]
    data = workspace.open_run("synthetic_data", "demo", DataOptions(), {})
    heldout: list[dict[str, Any]] = []
    for file in sorted((assets_folder() / "proof").glob("*.jsonl")):
        rows = list(read_jsonl(file))
        write_text(data.folder / "mmlu_branch" / file.name, "".join(json.dumps(row) + "\n" for row in rows[:20]))
        heldout += [row | {"answer": row["choices"][row["answer"]]} for row in rows[20:40]]
    write_text(data.folder / "heldout.jsonl", "".join(json.dumps(row) + "\n" for row in heldout))
    with data.hold() as attempt:
        attempt.finish({"flow": "compact", "leaves": leaves, "model": "seedling-teacher-Q4_K_M"})
    trained = workspace.open_run("trained_models", "demo", DataOptions(), {})
    (trained.folder / "Model").mkdir()
    # With smaller weights activations are rounded so coarsely that likelihoods depend on the company in a batch.
    export_gguf(BASE, trained.folder / "Model" / "model.gguf", "F32")
    named = {"base_model": str(BASE), "model": "Model/model.gguf", "data": {"id": data.id}, "phases": []}
    with trained.hold() as attempt:
        attempt.finish(named)
    return workspace


def fewer(folder: Path) -> Path:
    """Some of the proof's questions, so that a run takes seconds."""
    for file in sorted((assets_folder() / "proof").glob("*.jsonl")):
        write_text(folder / file.name, "".join(file.read_text("utf-8").splitlines(keepends=True)[:30]))
    return folder


def start(steps: Steps, workspace: Workspace, options: EvaluationOptions) -> int:
    run = workspace.open_run("evaluations", "demo", options, inputs(options, workspace))
    return steps.begin(run, "evaluate", options)


def evaluated(workspace: Workspace) -> Run:
    return workspace.get("evaluations", "demo")


def journals(workspace: Workspace) -> dict[str, bytes]:
    """Their whole lines so far."""
    found = {path.name: path.read_bytes() for path in workspace.root.glob("evaluations/*/Artifacts/*.jsonl")}
    return {name: content[: content.rfind(b"\n") + 1] for name, content in sorted(found.items())}


def size(found: Mapping[str, bytes]) -> int:
    """The rows of all journals."""
    return sum(content.count(b"\n") for content in found.values())


def sentence(workspace: Workspace) -> str:
    states = [read_json(path) for path in workspace.root.glob("evaluations/*/state.json")]
    return str(states[0]["sentence"]) if states else "before the run"


def items(workspace: Workspace) -> dict[str, dict[tuple[str, str], dict[str, Any]]]:
    """Rows by journal and key, none of which may be there twice."""
    found = {}
    for name, content in journals(workspace).items():
        rows = [json.loads(line) for line in content.splitlines()]
        found[name] = {(row["leaf"], row["id"]): row for row in rows}
        assert len(found[name]) == len(rows), f"{name}: an item was asked again"
    return found


def results(workspace: Workspace, leave_out: Sequence[str] = ()) -> dict[str, Any]:
    """Of the evaluation and of the trained run's Eval, metrics among them; without those of some benchmarks."""
    run, trained = evaluated(workspace), workspace.get("trained_models", "demo")
    shelves = {"evaluation": run.artifacts, "trained": trained.folder / "Eval"}
    files = {f"{of}/{path.name}": read_json(path) for of, folder in shelves.items() for path in folder.glob("*.json")}
    found = files | {name: run.manifest[name] for name in ("benchmarks", "headline", "model_metrics")}
    left = {name: record for name, record in found.items() if Path(name).stem not in leave_out}
    return {
        name: {key: value for key, value in record.items() if key not in leave_out} for name, record in left.items()
    }


def differing(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """The fields that are not the same."""
    names = [name for name in expected if name != "scores" and found.get(name) != expected[name]]
    scores = zip(found.get("scores", ()), expected.get("scores", ()), strict=True)
    return names + ["scores"] * any(abs(one - other) > _CLOSE for one, other in scores)


def check_same(workspace: Workspace, plain: Workspace) -> tuple[int, int]:
    """The number of rows, which are those of the undisturbed one, and how many of them the judge rated otherwise."""
    otherwise = 0
    found, expected = items(workspace), items(plain)
    assert {name: rows.keys() for name, rows in found.items()} == {name: rows.keys() for name, rows in expected.items()}
    for name, rows in expected.items():
        for key, row in rows.items():
            fields = {*differing(found[name][key], row)}
            otherwise += bool(fields & _VERDICT)
            assert not fields - _VERDICT, f"{name}: {found[name][key]} is not {row}"
    assert otherwise <= _MOST_OTHERWISE * sum(len(rows) for name, rows in expected.items() if name.startswith(RATED))
    leave_out = RATED if otherwise else ()
    assert results(workspace, leave_out) == results(plain, leave_out)
    return sum(map(len, expected.values())), otherwise


def test_killed_at_any_moment_it_ends_with_the_same_results(tmp_path: Path, steps: Steps, measured: Measure) -> None:
    proof = fewer(tmp_path / "proof")
    options = EvaluationOptions(
        proof=str(proof), mmlu_subjects=["reading", "asking"], judge_model=str(TEACHER), max_tokens=16, threads=1
    )
    plain, untouched = laid_out(tmp_path / "plain"), laid_out(tmp_path / "untouched")
    start(steps, plain, options)
    since = time.monotonic()
    assert steps.end() == 0
    seconds = time.monotonic() - since
    # All but its training rows, as nothing was trained here.
    assert list(evaluated(plain).manifest["benchmarks"]) == [name for name in BENCHMARKS if name != "rows"]
    say(f"seed {SEED}, {seconds:.1f} s undisturbed, {sum(map(len, items(plain).values()))} rows")
    rng, kills, number, kept, otherwise = random.Random(SEED), 0, 0, [], 0
    while kills < MOMENTS:
        number += 1
        moment = seconds * (kills + rng.random()) / MOMENTS
        shutil.copytree(untouched.root, tmp_path / f"killed-{number}" / "workspace", symlinks=True)
        workspace = Workspace.find(tmp_path / f"killed-{number}" / "workspace")
        process = start(steps, workspace, options)
        time.sleep(moment)
        said = sentence(workspace)
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        before = journals(workspace)
        if steps.end() == -signal.SIGKILL:
            kills += 1
            kept.append(size(before))
            start(steps, workspace, options)
            assert steps.end() == 0
        else:
            # It was faster than the first: what is left of the moments lies within this.
            seconds = moment
        check_kept(workspace, before)
        rows, other = check_same(workspace, plain)
        otherwise += other
        say(f"after {moment:.2f} s ({said}): {size(before)} rows kept")
        shutil.rmtree(workspace.root)
    assert min(kept) < rows / 4
    assert max(kept) > rows / 2
    same = f"{kills} kills uniform over the run, {rows:,} rows each asked once, the same but {otherwise} ratings"
    measured("kills: evaluation", same, f"{MOMENTS} kills, nothing asked twice, the same results")


LLAMA = ("llama_cpp.server", "--model", str(TEACHER), "--n_threads", "1", "--verbose", "false")
OURS = ("workbench.cli.main", "model", "serve", "--model", str(TEACHER))


@pytest.fixture
def real_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(free_port(), request.param)
    server.start()
    yield server
    server.stop()


def flags(server: Server, benchmarks: Sequence[str]) -> list[str]:
    """The embedded teacher's file as the base, and as it is served."""
    found = ["--model", TEACHER.stem, "--endpoint-url", server.url, "--base-model", str(TEACHER), "--data", "demo"]
    found += ["--judge-model", str(TEACHER), "--max-tokens", "16", "--mmlu-subjects", "reading"]
    return found + [text for name in benchmarks for text in ("--benchmark", name)]


@pytest.mark.parametrize("real_server", [LLAMA], indirect=True)
def test_a_server_that_tells_wrong_likelihoods_is_asked_no_choices(tmp_path: Path, real_server: Server) -> None:
    workspace = laid_out(tmp_path)
    code, said = end(begin(workspace, "model", "evaluate", *flags(real_server, FOUR)))
    assert code == 1
    assert "cannot tell how likely a text is, which mmlu and mmlu_branch need" in said
    assert "ask it no more than --benchmark mt_bench --benchmark mt_bench_branch" in said
    assert not journals(workspace)


@pytest.mark.parametrize(
    ("real_server", "benchmarks", "moments"),
    [(LLAMA, RATED, {"mt_bench": 12}), (OURS, FOUR, {"mmlu": 15, "mt_bench": 12})],
    ids=["llama_cpp.server", "workbench model serve"],
    indirect=["real_server"],
)
def test_a_lost_server_is_asked_only_the_rest(
    tmp_path: Path, real_server: Server, benchmarks: Sequence[str], moments: Mapping[str, int], measured: Measure
) -> None:
    workspace, lost = laid_out(tmp_path), []
    command = ("model", "evaluate", *flags(real_server, benchmarks))
    for name, rows in moments.items():
        journal = f"{name}_trained.jsonl" if name.startswith("mmlu") else f"{name}_trained_answers.jsonl"
        process = begin(workspace, *command)
        wait_for(workspace, journal, rows, process)
        real_server.stop()
        before = journals(workspace)
        code, said = end(process)
        assert code == 1, said
        assert "is the endpoint up, and its address right?" in said
        assert "it goes on from what was finished" in said
        lost.append(f"{name} after {size({journal: journals(workspace)[journal]})} rows")
        check_kept(workspace, before)
        real_server.start()
    before = journals(workspace)
    code, said = end(begin(workspace, *command))
    assert code == 0, said
    check_kept(workspace, before)
    agreed = compared(workspace, benchmarks)
    # Another server draws other words, and its likeliest ones are others where two are almost as likely.
    assert all(same >= (0.95 if name.startswith("mmlu") else 0.6) * of for name, (same, of) in agreed.items())
    shown = ", ".join(f"{name} {same} of {of}" for name, (same, of) in agreed.items())
    server = "llama_cpp.server" if real_server.command == LLAMA else "workbench model serve"
    what = f"lost in {' and '.join(lost)}, gone on; items that came out as from the file itself: {shown}"
    measured(f"lost endpoint: evaluation at {server}", what, "a clear error, only the rest is asked")


def check_kept(workspace: Workspace, before: Mapping[str, bytes]) -> None:
    after = journals(workspace)
    assert all(after[name].startswith(content) for name, content in before.items()), "a finished item has changed"


def wait_for(workspace: Workspace, journal: str, rows: int, process: "subprocess.Popen[str]") -> None:
    while journals(workspace).get(journal, b"").count(b"\n") < rows and process.poll() is None:
        time.sleep(0.02)


def compared(workspace: Workspace, benchmarks: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Of each benchmark how many items came to the same choice or answers at the endpoint as in this process."""
    rows = items(workspace)
    found = {}
    for name in benchmarks:
        here, there = (rows[f"{name}_{who}.jsonl"] for who in ("base", "trained"))
        assert here.keys() == there.keys()
        said = "chosen" if name.startswith("mmlu") else "answers"
        found[name] = sum(here[key][said] == there[key][said] for key in here), len(here)
    return found
