import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.generation.answering import FakeEngine, by_chance
from workbench.engines.engine import Request
from workbench.generation import outcome as outcome_module
from workbench.generation.exchange import Exchange
from workbench.generation.flow import Flow
from workbench.generation.near_duplicates import Seen
from workbench.generation.options import GenerationOptions
from workbench.generation.outcome import Outcome, write_rows
from workbench.generation.production import Production
from workbench.generation.rows import LeafWork
from workbench.messages import first_user
from workbench.records import read_jsonl
from workbench.runs import Run, Stop
from workbench.workspace import Workspace

Open = Callable[[FakeEngine], Exchange]
OPTIONS = GenerationOptions(num_instructions=30, heldout_share=0.3, near_duplicate=0.7)


@pytest.fixture
def run(workspace: Workspace) -> Run:
    return workspace.open_run("synthetic_data", "demo", OPTIONS, {})


def outcome(run: Run, flow: Flow, works: list[LeafWork], exchange: Exchange) -> Outcome:
    production = Production(works, OPTIONS.num_instructions, 0.95, exchange, Stop())
    for _ in production.run():
        pass
    return Outcome(run, OPTIONS, flow, production.shelves)


def finished(run: Run, flow: Flow, works: list[LeafWork], exchange: Exchange) -> dict[str, object]:
    made = outcome(run, flow, works, exchange)
    made.write_samples()
    made.hold_out(exchange, Stop())
    return made.finish(FakeEngine())


def files(run: Run) -> dict[str, bytes]:
    return {path.relative_to(run.folder).as_posix(): path.read_bytes() for path in run.folder.rglob("*.jsonl")}


def reworded_well(request: Request, rng: Random) -> str:
    """Rewordings of which every second is what another question already says."""
    asked = request.messages[0]["content"]
    if asked.endswith("Reword."):
        return asked.removesuffix(" Reword.").swapcase() if rng.random() < 0.5 else f"Say, {rng.random()}, is it so?"
    return by_chance(request, rng)


def test_heldout_questions_and_their_like_reach_no_training_file(
    run: Run, flow: Flow, works: list[LeafWork], open_exchange: Open
) -> None:
    finished(run, flow, works, open_exchange(FakeEngine(reworded_well)))
    seen = Seen(OPTIONS.near_duplicate)
    heldout = list(read_jsonl(run.folder / "heldout.jsonl"))
    for row in heldout:
        seen.add(row["question"])
    trained = [row for name in ("knowledge", "skills") for row in read_jsonl(run.folder / f"{name}_train_msgs.jsonl")]
    plain = [row for row in trained if json.loads(row["metadata"])["dataset"] != "document_knowledge_qa"]
    assert len(plain) > 20
    assert {row["reworded"] for row in heldout} == {True, False}
    assert not [row for row in plain if seen.twin(first_user(row["messages"]))]
    questions = {row["question"] for row in heldout}
    assert not [row for row in trained if first_user(row["messages"]).split("\n\n")[-1] in questions]


@pytest.mark.parametrize("trained_already", [False, True])
def test_other_words_that_are_trained_already_are_not_held_out(
    trained_already: bool, run: Run, flow: Flow, works: list[LeafWork], open_exchange: Open
) -> None:
    said = ["At what hour, then?"]

    def answering(request: Request, rng: Random) -> str:
        return said[0] if request.messages[0]["content"].endswith("Reword.") else by_chance(request, rng)

    exchange = open_exchange(FakeEngine(answering))
    made = outcome(run, flow, works, exchange)
    if trained_already:
        said[0] = next(record["question"] for record in made.trained if record["kind"] == "knowledge").upper()
    made.hold_out(exchange, Stop())
    reworded = [row["question"] for row in read_jsonl(run.folder / "heldout.jsonl") if row["reworded"]]
    assert set(reworded) == (set() if trained_already else {"At what hour, then?"})


def test_a_replay_row_that_is_held_out_is_left_out(
    run: Run, flow: Flow, works: list[LeafWork], open_exchange: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = open_exchange(FakeEngine())
    held = outcome(run, flow, works, exchange).heldout[0]["question"]
    rows = [
        {"messages": [{"role": "user", "content": text}], "id": text, "metadata": "{}"} for text in (held, "Old one?")
    ]
    write_rows(tmp_path / "replay.jsonl", rows)
    monkeypatch.setattr(outcome_module, "replay_file", lambda flow: tmp_path / "replay.jsonl")
    outcome(run, flow, works, exchange).finish(FakeEngine())
    ids = [row["id"] for row in read_jsonl(run.folder / "knowledge_train_msgs.jsonl")]
    assert "Old one?" in ids
    assert held not in ids


def test_samples_and_what_was_left_out_are_all_written(
    run: Run, flow: Flow, works: list[LeafWork], open_exchange: Open
) -> None:
    made = outcome(run, flow, works, open_exchange(FakeEngine()))
    made.write_samples()
    total = sum(len(shelf.decided) for shelf in made.shelves.values())
    kept = [record for work in works for record in read_jsonl(run.artifacts / f"{work.path}.jsonl")]
    left_out = list(read_jsonl(run.artifacts / "rejected.jsonl"))
    assert len(kept) + len(left_out) == total
    assert {record["outcome"] for record in kept} == {"kept"}
    assert {record["outcome"] for record in left_out} == {"rejected", "failed"}
    assert all(record["trace"] and record["reason"] for record in left_out)


def test_equal_answers_leave_equal_files(
    run: Run, flow: Flow, works: list[LeafWork], open_exchange: Open, tmp_path: Path
) -> None:
    manifest = finished(run, flow, works, open_exchange(FakeEngine(order=1)))
    first = files(run)
    (tmp_path / "journal.jsonl").unlink()
    assert finished(run, flow, works, open_exchange(FakeEngine(order=2))) == manifest
    assert files(run) == first
    assert {"heldout.jsonl", "mmlu_branch/knowledge_town.jsonl", "Artifacts/knowledge/town.jsonl"} < set(first)


def test_a_flow_without_later_questions_still_holds_out(
    run: Run, flow: Flow, works: list[LeafWork], open_exchange: Open
) -> None:
    stages = {kind: stages for kind, stages in flow.stages.items() if kind not in ("rewording", "choices")}
    finished(run, replace(flow, stages=stages), works, open_exchange(FakeEngine()))
    heldout = list(read_jsonl(run.folder / "heldout.jsonl"))
    assert heldout
    assert not any(row["reworded"] for row in heldout)
    questions = list(read_jsonl(run.folder / "mmlu_branch" / "knowledge_town.jsonl"))
    assert len(questions) == 9
    assert all(len(question["choices"]) == 4 for question in questions)
