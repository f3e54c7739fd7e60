import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.conftest import Measure
from tests.generation.answering import FakeEngine, by_chance
from tests.generation.conftest import Take
from tests.generation.test_take_over import heldout, pairs, questions
from workbench.engines.engine import Request
from workbench.generation.exchange import Exchange
from workbench.generation.flow import Flow
from workbench.generation.imports import Imports, read_imports
from workbench.generation.near_duplicates import Seen
from workbench.generation.options import GenerationOptions
from workbench.generation.outcome import Outcome
from workbench.generation.production import Production
from workbench.generation.recipes import read_recipe
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
    run: Run, flow: Flow, works: list[LeafWork], open_exchange: Open, measured: Measure
) -> None:
    finished(run, flow, works, open_exchange(FakeEngine(reworded_well)))
    seen = Seen(OPTIONS.near_duplicate)
    held = list(read_jsonl(run.folder / "heldout.jsonl"))
    for row in held:
        seen.add(row["question"])
    trained = [row for name in ("knowledge", "skills") for row in read_jsonl(run.folder / f"{name}_train_msgs.jsonl")]
    plain = [row for row in trained if json.loads(row["metadata"])["dataset"] != "document_knowledge_qa"]
    assert len(plain) > 20
    assert {row["reworded"] for row in held} == {True, False}
    near = [row for row in plain if seen.twin(first_user(row["messages"]))]
    measured("Training rows that are near a held-out question", f"{len(near)} of {len(plain)}", "0")
    assert not near
    asked = {row["question"] for row in held}
    assert not [row for row in trained if first_user(row["messages"]).split("\n\n")[-1] in asked]


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


def training_row(text: str) -> dict[str, object]:
    messages = [{"role": "user", "content": text}, {"role": "assistant", "content": "Yes."}]
    return {"messages": messages, "id": text, "metadata": "{}", "unmask": False}


def test_nothing_that_is_held_out_comes_back_by_replay_or_with_precomputed_skills(
    run: Run, flow: Flow, works: list[LeafWork], open_exchange: Open
) -> None:
    exchange = open_exchange(FakeEngine(reworded_well))
    made = outcome(run, flow, works, exchange)
    made.hold_out(exchange, Stop())
    held = list(read_jsonl(run.folder / "heldout.jsonl"))
    told = [row["question"] for row in held if row["reworded"]] + [held[0]["question"]]
    assert len(told) > 2
    rows = [training_row(text) for question in told for text in (question, f"A passage.\n\n{question.upper()}")]
    made.imports = Imports(replay=[*rows, training_row("Old one?")], precomputed=[*rows, training_row("Other one?")])
    manifest = made.finish(FakeEngine())
    assert manifest["left_out"]["like_heldout"] >= 2 * len(rows)
    for name, kept in (("knowledge", {"Old one?"}), ("skills", {"Old one?", "Other one?"})):
        ids = {row["id"] for row in read_jsonl(run.folder / f"{name}_train_msgs.jsonl")}
        assert kept <= ids
        assert not ids & {row["id"] for row in rows}


def test_recipes_name_the_rows_that_the_training_files_hold(
    run: Run, flow: Flow, works: list[LeafWork], open_exchange: Open
) -> None:
    finished(run, flow, works, open_exchange(FakeEngine()))
    for phase in ("knowledge", "skills"):
        recipe = read_recipe(run.folder / "recipes" / f"{phase}.yaml")
        mixed = sorted(row["id"] for row in read_jsonl(run.folder / f"{phase}_train_msgs.jsonl"))
        assert sorted(row["id"] for one in recipe.datasets for row in read_jsonl(one.path)) == mixed


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
    held = list(read_jsonl(run.folder / "heldout.jsonl"))
    assert held
    assert not any(row["reworded"] for row in held)
    questions = list(read_jsonl(run.folder / "mmlu_branch" / "knowledge_town.jsonl"))
    assert len(questions) == 9
    assert all(len(question["choices"]) == 4 for question in questions)


def test_runs_and_files_stand_beside_what_is_generated(
    run: Run, flow: Flow, works: list[LeafWork], open_exchange: Open, take: Take, tmp_path: Path, workspace: Workspace
) -> None:
    own = [pairs(tmp_path / "a.jsonl", "mayor", leaf="knowledge/town"), pairs(tmp_path / "b.jsonl", "song")]
    earlier = take("earlier", knowledge_paths=own[:1], heldout_share=0.3)
    options = OPTIONS.model_copy(update={"internal_ids": ["earlier"], "skills_paths": own[1:]})
    exchange = open_exchange(FakeEngine(reworded_well))
    production = Production(works, 30, 0.95, exchange, Stop())
    for _ in production.run():
        pass
    made = Outcome(run, options, flow, production.shelves, read_imports(options, flow, workspace))
    made.write_samples()
    made.hold_out(exchange, Stop())
    manifest = made.finish(FakeEngine())
    leaves = {leaf["path"]: leaf for leaf in manifest["leaves"]}
    assert list(leaves) == ["knowledge/town", "compositional_skills/saying", "compositional_skills/imported/b"]
    assert leaves["knowledge/town"]["kept"] == production.shelves["knowledge/town"].kept + 10
    for leaf in leaves.values():
        assert leaf["made"] == leaf["kept"] + sum(leaf["rejected"].values()) + leaf["failed"]
        assert leaf["kept"] == leaf["mixed"] + leaf["heldout"] + leaf["too_like_heldout"]
        assert len(list(read_jsonl(run.artifacts / f"{leaf['path']}.jsonl"))) == leaf["kept"]
    assert heldout(earlier) <= heldout(run)
    assert not heldout(run) & (questions(run, "knowledge") | questions(run, "skills"))
    assert [source["from"] for source in manifest["sources"]] == ["taxonomy", "run", "file"]
    assert "model" not in manifest, "the teacher is told by who asked it"
