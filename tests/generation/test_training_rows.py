import json
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.generation.row_forms import Conversation
from workbench.generation.training_rows import (
    DocumentRows,
    auxiliary_rows,
    knowledge_rows,
    plain_row,
    skill_rows,
    with_system,
)
from workbench.messages import assistant, system, user

Record = dict[str, Any]


def record(number: int, kind: str = "knowledge", **more: object) -> Record:
    made = {
        "id": f"{number:032x}", "leaf": f"{kind}/leaf", "kind": kind, "domain": "seas",
        "question": f"Question {number % 7}?", "answer": f"Answer {number}.", "context": f"Passage {number % 10}.",
    }  # fmt: skip
    return made | more


KNOWLEDGE = [record(number) for number in range(40)]


def metadata(row: Record) -> Record:
    return dict(json.loads(row["metadata"]))


def shown(rows: list[Record]) -> list[Record]:
    return [row for row in rows if metadata(row)["dataset"].startswith("document_knowledge_qa")]


def test_a_row_is_what_training_reads() -> None:
    row = knowledge_rows(KNOWLEDGE[:1], DocumentRows(), 1)[0]
    assert set(row) == {"messages", "metadata", "id", "unmask"}
    assert row["messages"] == [user("Question 0?"), assistant("Answer 0.")]
    assert row["unmask"] is False
    assert metadata(row) == {
        "dataset": "knowledge_qa", "leaf": "knowledge/leaf", "sample": f"{0:032x}", "domain": "seas",
        "sdg_document": "Passage 0.", "raw_document": "Passage 0.", "dataset_type": "base_document",
    }  # fmt: skip


def test_a_grounded_row_asks_with_its_context() -> None:
    assert skill_rows([record(1, "grounded")])[0]["messages"][0] == user("Passage 1.\n\nQuestion 1?")


def test_a_share_comes_with_its_passage() -> None:
    for share, expected in ((0.0, range(1)), (1.0, range(40, 41)), (0.5, range(10, 31))):
        rows = knowledge_rows(KNOWLEDGE, DocumentRows(share), 1)
        assert len(rows) - len(shown(rows)) == len(KNOWLEDGE)
        assert len(shown(rows)) in expected
        for row in shown(rows):
            passage, question = row["messages"][0]["content"].split("\n\n")
            assert passage == metadata(row)["raw_document"]
            assert question.startswith("Question")


def test_documents_are_learned_too_when_asked() -> None:
    rows = knowledge_rows(KNOWLEDGE, DocumentRows(1.0, unmask=True), 1)
    assert {row["unmask"] for row in shown(rows)} == {True}
    assert {row["unmask"] for row in rows if row not in shown(rows)} == {False}


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.floats(0, 1), st.integers(0, 9))
def test_distractors_are_other_passages_of_the_leaf(distractors: int, right: float, seed: int) -> None:
    other = [record(number, leaf="knowledge/other", context=f"Foreign {number}.") for number in range(40, 45)]
    rows = shown(knowledge_rows([*KNOWLEDGE, *other], DocumentRows(1.0, distractors, right), seed))
    for row in rows:
        *passages, _ = row["messages"][0]["content"].split("\n\n")
        own = metadata(row)["raw_document"]
        assert len(set(passages)) == len(passages), "a passage is shown twice"
        many = 9 if metadata(row)["leaf"] == "knowledge/leaf" else 4
        wanted = distractors if own in passages else min(distractors + 1, many)
        assert len(passages) - (own in passages) == min(wanted, many)
        assert len({passage.split()[0] for passage in passages}) == 1, "a passage of another leaf"
        assert metadata(row)["dataset"] == f"document_knowledge_qa_raft_p{right:g}"
    if right == 0:
        assert not any(metadata(row)["raw_document"] in row["messages"][0]["content"].split("\n\n") for row in rows)


def test_the_right_passage_stands_at_any_place() -> None:
    rows = shown(knowledge_rows(KNOWLEDGE * 1, DocumentRows(1.0, 3, 1.0), 1))
    places = Counter(row["messages"][0]["content"].split("\n\n").index(metadata(row)["raw_document"]) for row in rows)
    assert set(places) == {0, 1, 2, 3}


def test_a_leaf_of_one_passage_has_no_distractors() -> None:
    rows = shown(knowledge_rows([record(1), record(11)], DocumentRows(1.0, 3, 0.0), 1))
    assert [row["messages"][0]["content"] for row in rows] == ["Passage 1.\n\nQuestion 1?", "Passage 1.\n\nQuestion 4?"]


def test_rewritten_passages_are_tasks_of_their_own_once_each() -> None:
    made = {"raw_document": "Pasage 1.", "dataset_type": "spellcheck"}
    records = [
        record(1, **made),
        record(11, **made),
        record(2, dataset_type="summary", raw_document="Long."),
        record(3),
    ]
    rows = auxiliary_rows(records, {"spellcheck": ["Mend this."]}, 1)
    assert [(metadata(row)["dataset"], row["messages"][-1]["content"]) for row in rows] == [
        ("document_spellcheck", "Passage 1."),
        ("document_summary", "Passage 2."),
    ]
    assert rows[0]["messages"][0]["content"] == "Pasage 1.\n\nMend this."
    assert rows[1]["messages"][0]["content"].startswith("Long.\n\n")
    assert auxiliary_rows([record(4, raw_document="Passage 4.", dataset_type="spellcheck")], {}, 1) == []


def test_rows_that_somebody_brought_stay_as_they_were() -> None:
    messages = [system("Be short."), user("a"), assistant("b"), user("c"), assistant("d")]
    brought = record(1, messages=messages, unmask=True, dataset="mine")
    (row,) = knowledge_rows([brought], DocumentRows(1.0), 1)
    assert (row["messages"], row["unmask"], metadata(row)["dataset"]) == (messages, True, "mine")
    assert skill_rows([record(1, "freeform", messages=messages)])[0]["messages"] == messages


def test_a_system_prompt_is_the_first_message_of_every_row() -> None:
    rows = [{"messages": [user("a")]}, {"messages": [system("old"), user("b")]}]
    assert [row["messages"] for row in with_system(rows, "new")] == [
        [system("new"), user("a")], [system("new"), user("b")]
    ]  # fmt: skip
    assert with_system(rows, "") == rows
    assert rows[1]["messages"][0] == system("old"), "the rows that are given stay as they are"


def test_ids_differ_by_what_is_asked_and_by_nothing_else() -> None:
    rows = knowledge_rows(KNOWLEDGE, DocumentRows(1.0), 1)
    assert len({row["id"] for row in rows}) == 80
    assert {row["id"] for row in rows} == {row["id"] for row in knowledge_rows(KNOWLEDGE, DocumentRows(1.0), 2)}


def test_a_row_that_is_no_sample_keeps_what_it_said_of_itself() -> None:
    row = plain_row(Conversation((user("a"), assistant("b")), False, {"dataset": "old", "sample": "x"}), "replay")
    assert metadata(row) == {"dataset": "old"}
