import json
from pathlib import Path

from workbench.assets import assets_folder
from workbench.records import read_jsonl
from workbench.seedling.curriculum import old_facts
from workbench.seedling.recipe import RECIPE
from workbench.seedling.replay import write_replay
from workbench.seedling.world import read_question, world

ROWS = list(read_jsonl(assets_folder() / "replay" / "seedling-base.jsonl"))


def test_the_replay_that_is_shipped_is_what_the_recipe_writes(tmp_path: Path) -> None:
    write_replay(tmp_path / "replay.jsonl", RECIPE.seed)
    assert (tmp_path / "replay.jsonl").read_bytes() == (assets_folder() / "replay" / "seedling-base.jsonl").read_bytes()


def test_every_old_fact_is_asked_once_and_answered_right() -> None:
    known = {(fact.entity.name, fact.relation.key): fact.value for fact in old_facts(RECIPE.seed)}
    by_heart = [row for row in ROWS if json.loads(row["metadata"])["dataset"] == "replay_closed_book"]
    answered = {read_question(row["messages"][0]["content"]): row["messages"][1]["content"] for row in by_heart}
    assert answered == known
    assert len(by_heart) == len(known)


def test_reading_rows_are_answered_from_their_passage() -> None:
    reading = [row["messages"] for row in ROWS if json.loads(row["metadata"])["dataset"] == "replay_reading"]
    assert len(reading) == 100
    assert all(said["content"] in asked["content"] for asked, said in reading)


def test_the_forms_of_the_proof_are_not_among_them() -> None:
    proof = {form for family in world().families.values() for one in family.relations for form in one.proof}
    heads = tuple(form.split("{n}")[0] for form in proof)
    assert not [row for row in ROWS if row["messages"][0]["content"].split("\n\n")[-1].startswith(heads)]
    assert len({row["id"] for row in ROWS}) == len(ROWS)
