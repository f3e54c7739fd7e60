import json
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.conftest import KNOWLEDGE, SKILL, choice_row, heldout_row, write_rows
from workbench.assets import assets_folder, sample_taxonomy_folder
from workbench.errors import EvaluationError, NotFoundError, RecordError
from workbench.evaluation.questions import (
    Question,
    check_leaves,
    digest_questions,
    read_choices,
    read_heldout,
    read_seed_answers,
    read_seeds,
)
from workbench.records import write_text
from workbench.taxonomy.tree import read_taxonomy


def one(folder: Path, **changes: Any) -> Path:
    return write_rows(folder / "one.jsonl", [choice_row("Tower 1") | changes])


def test_a_closed_book_question_is_the_question_alone(tmp_path: Path) -> None:
    (found,) = read_choices([one(tmp_path)])
    assert found.asked == "When was Tower 1 built?"
    assert found.expected == found.choices[found.answer] == "1901"
    assert found.tag == f"{KNOWLEDGE}/q-1"


def test_with_its_passage_the_passage_comes_first(tmp_path: Path) -> None:
    (found,) = read_choices([one(tmp_path, context="Built in 1901.\n")], with_passage=True)
    assert found.asked == "Built in 1901.\n\nWhen was Tower 1 built?"
    assert read_choices([one(tmp_path, context="")], with_passage=True) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"question": " "}, "question is missing"),
        ({"leaf": None}, "leaf is missing"),
        ({"choices": "abcd"}, "choices is no list"),
        ({"choices": ["1901", 5]}, "choices is no list"),
        ({"choices": ["1901", "1901", "1902"]}, "different texts"),
        ({"choices": ["1901"]}, "2 to 26"),
        ({"answer": 4}, "answer is 4"),
        ({"answer": True}, "answer is True"),
        ({"answer": "B"}, "a number from 0 to 3"),
    ],
)
def test_a_wrong_row_is_named_with_its_place(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(RecordError, match=f"one.jsonl: row 1: .*{said}"):
        read_choices([one(tmp_path, **changes)])


def test_an_id_may_occur_once_in_a_leaf(tmp_path: Path) -> None:
    rows = [choice_row("Tower 1"), choice_row("Tower 1", leaf="knowledge/other")]
    assert len(read_choices([write_rows(tmp_path / "two.jsonl", rows)])) == 2
    with pytest.raises(RecordError, match="have the id q-1"):
        read_choices([write_rows(tmp_path / "same.jsonl", [rows[0], rows[0]])])


def test_heldout_questions_expect_their_answer(tmp_path: Path) -> None:
    (found,) = read_heldout(write_rows(tmp_path / "heldout.jsonl", [heldout_row("Tower 2") | {"reworded": True}]))
    assert (found.asked, found.expected, found.reworded) == ("In which year was Tower 2 built?", "1902", True)
    assert read_heldout(tmp_path / "absent.jsonl") == []


def test_the_seeds_of_skills_are_questions_with_a_reference() -> None:
    found = read_seeds(read_taxonomy(sample_taxonomy_folder()))
    assert {question.leaf.split("/")[0] for question in found} == {"compositional_skills"}
    table = next(question for question in found if question.leaf.endswith("registers"))
    assert table.asked.startswith("|===\n")
    assert "|===\n\n" in table.asked
    assert table.expected == table.expected.strip() != ""
    assert len({question.id for question in found}) == len(found)


def test_seeds_with_answers_that_can_be_compared_are_asked_by_heart_or_with_their_context() -> None:
    found = read_seed_answers(read_taxonomy(sample_taxonomy_folder()))
    knowledge = [question for question in found if question.leaf == "knowledge/engineering/lighthouses"]
    assert len(knowledge) == 15
    assert ("How high is Firemric Light?", "136 metres") in {(each.asked, each.expected) for each in knowledge}
    assert next(question for question in found if question.leaf.endswith("registers")).asked.startswith("|===\n")
    # Of a rewording nobody can tell whether it is right but a judge.
    assert not [question for question in found if question.leaf.endswith("rewording")]


def test_what_is_asked_about_several_contexts_is_not_asked_by_heart(tmp_path: Path) -> None:
    pairs = (
        "      - {question: When was it built?, answer: '1843'}\n"
        "      - {question: Who built Tarn Light?, answer: Vel}\n"
    )
    contexts = [
        f"  - context: One.\n    questions_and_answers:\n{pairs}",
        "  - context: Two.\n    questions_and_answers:\n",
    ]
    other = "      - {question: When was it built?, answer: '1901'}\n"
    text = f"version: 3\ncreated_by: tester\nseed_examples:\n{contexts[0]}{contexts[1]}{other}"
    write_text(tmp_path / "knowledge" / "a" / "qna.yaml", text)
    found = read_seed_answers(read_taxonomy(tmp_path))
    assert [question.asked for question in found] == ["Who built Tarn Light?"]


def test_a_question_has_a_part_for_each_turn() -> None:
    question = Question("7", "leaf", "One?", "1", category="math", later=("Two?", "Three?"), later_expected=("2",))
    assert question.turns == ("One?", "Two?", "Three?")
    assert question.references == ("1", "2", "")
    parts = question.parts()
    assert [(part.id, part.asked, part.expected) for part in parts] == [
        ("7/1", "One?", "1"),
        ("7/2", "Two?", "2"),
        ("7/3", "Three?", ""),
    ]
    assert all(part.turns == (part.asked,) and part.category == "math" for part in parts)


def test_seeds_of_the_same_words_are_told_apart_by_leaf_and_context(tmp_path: Path) -> None:
    qna = """version: 3
created_by: tester
task_description: Read a list.
seed_examples:
  - {context: "A is 1.", question: "What is it?", answer: "1"}
  - {context: "B is 2.", question: "What is it?", answer: "2"}
"""
    for leaf in ("compositional_skills/a", "compositional_skills/b"):
        write_text(tmp_path / leaf / "qna.yaml", qna)
    found = read_seeds(read_taxonomy(tmp_path))
    assert len({question.id for question in found}) == len(found) == 4


def test_a_leaf_that_the_data_run_lacks_is_named(tmp_path: Path) -> None:
    questions = read_choices([one(tmp_path)])
    check_leaves(questions, [KNOWLEDGE, SKILL], "proof")
    with pytest.raises(EvaluationError, match=f"no leaf {KNOWLEDGE}") as raised:
        check_leaves(questions, [SKILL], "proof")
    assert SKILL in raised.value.hint


def test_the_digest_follows_what_is_asked(tmp_path: Path) -> None:
    first, second = read_choices([one(tmp_path)]), read_choices([one(tmp_path, question="Another?")])
    assert digest_questions(first) != digest_questions(second)
    assert digest_questions(first) == digest_questions(read_choices([one(tmp_path)]))


def test_the_proof_of_the_sample_can_be_read() -> None:
    paths = sorted((assets_folder() / "proof").glob("*.jsonl"))
    closed, reading = read_choices(paths), read_choices(paths, with_passage=True)
    assert len(closed) == len(reading) >= 200
    assert all(len(question.choices) == 4 for question in closed)


def test_a_missing_file_of_questions_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_choices([tmp_path / "absent.jsonl"])
    (tmp_path / "broken.jsonl").write_text(json.dumps(choice_row("Tower 1")) + "\nno json\n")
    with pytest.raises(RecordError, match=r"broken\.jsonl:2"):
        read_choices([tmp_path / "broken.jsonl"])
