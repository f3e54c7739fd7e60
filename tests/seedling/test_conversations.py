import re
from pathlib import Path

import pytest

from workbench.assets import assets_folder
from workbench.evaluation.conversations import read_conversations
from workbench.evaluation.questions import Question
from workbench.seedling.conversations import CATEGORIES, conversation_rows, write_conversations
from workbench.seedling.curriculum import old_facts
from workbench.seedling.names import Space, space_of_number
from workbench.seedling.recipe import RECIPE
from workbench.seedling.sample import KNOWLEDGE, leaf_facts

FOLDER = assets_folder() / "benchmarks" / "conversations"


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    return read_conversations("", Path).questions


def test_what_is_shipped_is_what_the_recipe_writes(tmp_path: Path) -> None:
    write_conversations(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert written.keys() == {f"{category}.jsonl" for category in CATEGORIES}


def test_every_category_has_five_conversations_of_two_turns(questions: list[Question]) -> None:
    assert len({question.turns for question in questions}) == len(questions) == 5 * len(CATEGORIES)
    assert all(len(question.turns) == 2 and all(question.references) for question in questions)
    assert all(len(set(question.references)) == 2 for question in questions)


def test_nothing_of_the_sample_occurs(questions: list[Question]) -> None:
    facts = [fact for leaf in KNOWLEDGE for facts in leaf_facts(leaf) for fact in facts]
    known = {word for fact in facts for word in re.findall(r"\w+", f"{fact.entity.name} {fact.value}")}
    ordinary = {"Light", "Island", "metres", "people"}
    for question in questions:
        words = set(re.findall(r"\w+", " ".join((*question.turns, *question.references))))
        assert not (words & known) - ordinary
        assert all(space_of_number(int(word)) is not Space.SAMPLE for word in words if word.isdigit())


def test_references_are_what_the_texts_say() -> None:
    for category in ("extraction", "reasoning", "writing"):
        for row in conversation_rows(category):
            assert all(said in row["turns"][0] for said in row["reference"])  # type: ignore[attr-defined, index]


def test_what_is_asked_by_heart_is_true_and_about_one_thing() -> None:
    known = {(fact.entity.name, fact.value) for fact in old_facts(RECIPE.seed)}
    for row in conversation_rows("humanities"):
        turns = zip(row["turns"], row["reference"], strict=True)  # type: ignore[call-overload]
        named = [{name for name, value in known if name in asked and value == said} for asked, said in turns]
        assert len(named[0]) == 1
        assert named[0] == named[1]
