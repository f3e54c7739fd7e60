from pathlib import Path
from typing import Any

import pytest

from workbench.generation.own_samples import own_samples
from workbench.generation.row_files import FileRows
from workbench.generation.row_forms import conversation

Record = dict[str, Any]


def sample(row: Record, phase: str = "knowledge", name: str = "mine.jsonl") -> Record:
    (found,) = own_samples(FileRows(Path("/x") / name, [(7, conversation(row))]), phase)
    return found


def test_a_row_knows_its_line_and_its_leaf() -> None:
    made = sample({"question": "Who?", "answer": "She.", "leaf": "knowledge/a/b"})
    assert (made["source"], made["leaf"], made["kind"]) == ("mine.jsonl:7", "knowledge/a/b", "knowledge")
    assert (made["question"], made["answer"], made["outcome"]) == ("Who?", "She.", "kept")
    other = sample({"question": "Who?", "answer": "She."}, "skills", "my rows (2).jsonl")
    assert (other["leaf"], other["kind"]) == ("compositional_skills/imported/my_rows_2_", "freeform")


@pytest.mark.parametrize(
    "leaf", ["../../etc/passwd", "knowledge/../x", "/knowledge/a", "knowledge", "knowledge//a", "rejected", "a/b", ""]
)
def test_a_leaf_that_is_no_path_of_a_taxonomy_is_not_followed(leaf: str) -> None:
    assert sample({"question": "Who?", "answer": "She.", "leaf": leaf})["leaf"] == "knowledge/imported/mine"


def test_a_passage_before_the_question_is_told_from_it() -> None:
    messages = [{"role": "user", "content": "Text.\n\nWho?"}, {"role": "assistant", "content": "She."}]
    row: Record = {"messages": messages, "metadata": '{"raw_document": "Text.", "domain": "seas", "dataset": "d"}'}
    made = sample(row)
    assert (made["question"], made["context"], made["domain"], made["dataset"]) == ("Who?", "Text.", "seas", "d")
    assert made["messages"] == messages
    assert sample(row, "skills")["question"] == "Text.\n\nWho?"


def test_ids_follow_from_what_is_said() -> None:
    first, second = {"question": "Who?", "answer": "She."}, {"question": "Who?", "answer": "He."}
    assert sample(first)["id"] == sample(first, name="mine.json")["id"] != sample(second)["id"]
