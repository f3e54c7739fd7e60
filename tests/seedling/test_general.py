import re
from pathlib import Path

import pytest

from workbench.assets import assets_folder
from workbench.engines import open_engine
from workbench.evaluation.benchmarks import Scale
from workbench.evaluation.choices import choose
from workbench.evaluation.journal import Journal
from workbench.evaluation.questions import Question, read_choices
from workbench.evaluation.scores import by_leaf
from workbench.seedling.curriculum import old_facts
from workbench.seedling.general import SUBJECTS, general_rows, write_general
from workbench.seedling.names import Space, space_of_number
from workbench.seedling.recipe import RECIPE
from workbench.seedling.sample import KNOWLEDGE, leaf_facts

FOLDER = assets_folder() / "benchmarks" / "general"


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    return read_choices(sorted(FOLDER.glob("*.jsonl")))


def test_what_is_shipped_is_what_the_recipe_writes(tmp_path: Path) -> None:
    write_general(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert written.keys() == {f"{subject}.jsonl" for subject in SUBJECTS}


def test_every_subject_has_forty_questions_with_four_choices(questions: list[Question]) -> None:
    assert len({question.asked for question in questions}) == len(questions) == 40 * len(SUBJECTS)
    assert {len(question.choices) for question in questions} == {4}
    places = [question.answer for question in questions]
    assert min(map(places.count, range(4))) > len(places) / 6


def test_nothing_of_the_sample_occurs(questions: list[Question]) -> None:
    facts = [fact for leaf in KNOWLEDGE for facts in leaf_facts(leaf) for fact in facts]
    known = {word for fact in facts for word in re.findall(r"\w+", f"{fact.entity.name} {fact.value}")}
    ordinary = {"Light", "Island", "metres", "people"}
    for question in questions:
        words = set(re.findall(r"\w+", " ".join((question.asked, *question.choices))))
        assert not (words & known) - ordinary
        assert all(space_of_number(int(word)) is not Space.SAMPLE for word in words if word.isdigit())


def test_what_is_asked_by_heart_is_true() -> None:
    known = {(fact.entity.name, fact.value) for fact in old_facts(RECIPE.seed)}
    for row in general_rows("by_heart"):
        right = row["choices"][row["answer"]]  # type: ignore[index]
        assert any(name in str(row["question"]) and value == right for name, value in known)


def test_the_right_choice_is_the_only_one_that_the_passage_states() -> None:
    for row in general_rows("exactness"):
        right = row["choices"][row["answer"]]  # type: ignore[index]
        stated = [choice for choice in row["choices"] if re.search(rf"\b{choice}\b", str(row["question"]))]  # type: ignore[attr-defined]
        assert stated == [right]


@pytest.mark.prove
def test_the_base_answers_each_subject_far_above_chance(questions: list[Question], tmp_path: Path) -> None:
    engine = open_engine(str(assets_folder() / "models" / "seedling-base"))
    with Journal(tmp_path / "rows.jsonl", lambda done: None) as journal:
        choose(engine, questions, journal)
        found = by_leaf({"base": list(journal.rows.values())}, Scale())
    engine.close()
    assert {leaf: models["base"]["interval"][0] > 0.5 for leaf, models in found.items()} == {
        f"general_{subject}": True for subject in SUBJECTS
    }
