import json
from pathlib import Path
from typing import Any

from workbench.generation.mixing import knowledge_rows, mix, read_replay

Record = dict[str, Any]


def record(number: int, kind: str = "knowledge") -> Record:
    return {
        "id": f"{number:032x}",
        "leaf": f"{kind}/leaf",
        "kind": kind,
        "question": f"Question {number % 7}?",
        "answer": f"Answer {number}.",
        "context": f"Passage {number}.",
    }


KNOWLEDGE = [record(number) for number in range(40)]
SKILLS = [record(number, kind) for number in range(40, 60) for kind in ("freeform", "grounded")]
REPLAY: list[Record] = [
    {"messages": [{"role": "user", "content": f"Old {n}?"}], "metadata": "{}", "id": f"old {n}", "unmask": False}
    for n in range(9)
]


def test_nothing_is_drawn_twice_and_nothing_is_lost() -> None:
    mixed = mix([*KNOWLEDGE, *SKILLS], REPLAY, 0.3, 1)
    for rows in (mixed.knowledge, mixed.skills):
        assert len({row["id"] for row in rows}) == len(rows)
    plain = [row for row in mixed.knowledge if json.loads(row["metadata"]).get("dataset") == "knowledge_qa"]
    assert len(plain) == len(KNOWLEDGE)
    assert sum(row in REPLAY for row in mixed.knowledge) == len(REPLAY)
    replayed = {row["id"] for row in mixed.knowledge}
    assert {row["id"] for row in mixed.skills} - replayed == {row["id"] for row in mix(SKILLS, [], 0.3, 1).skills}
    assert replayed < {row["id"] for row in mixed.skills}


def test_the_order_follows_from_the_seed() -> None:
    first, second = mix(KNOWLEDGE, REPLAY, 0.3, 1), mix(KNOWLEDGE, REPLAY, 0.3, 1)
    assert first == second
    other = mix(KNOWLEDGE, REPLAY, 0.3, 2)
    assert [row["id"] for row in other.knowledge] != [row["id"] for row in first.knowledge]
    assert REPLAY[0]["id"] == "old 0", "the rows that are given stay as they are"


def test_a_share_comes_with_its_passage() -> None:
    for share, expected in ((0.0, range(1)), (1.0, range(40, 41)), (0.5, range(10, 31))):
        rows = [json.loads(row["metadata"]) | row for row in knowledge_rows(KNOWLEDGE, share, 1)]
        shown = [row for row in rows if row["dataset"] == "document_knowledge_qa"]
        assert len(shown) in expected
        assert all(
            row["messages"][0]["content"] == f"{row['raw_document']}\n\nQuestion {_number(row)}?" for row in shown
        )


def _number(row: Record) -> int:
    return int(row["sample"], 16) % 7


def test_a_row_is_what_training_reads() -> None:
    row = knowledge_rows(KNOWLEDGE[:1], 0.0, 1)[0]
    assert set(row) == {"messages", "metadata", "id", "unmask"}
    assert row["messages"] == [
        {"role": "user", "content": "Question 0?"},
        {"role": "assistant", "content": "Answer 0."},
    ]
    assert json.loads(row["metadata"])["raw_document"] == "Passage 0."
    assert row["unmask"] is False


def test_a_grounded_row_asks_with_its_context() -> None:
    rows = mix([record(1, "grounded")], [], 0.0, 1).skills
    assert rows[0]["messages"][0]["content"] == "Passage 1.\n\nQuestion 1?"


def test_without_knowledge_there_is_no_first_phase() -> None:
    mixed = mix(SKILLS, REPLAY, 0.3, 1)
    assert mixed.knowledge == []
    assert len(mixed.skills) == len(SKILLS) + len(REPLAY)


def test_there_may_be_no_replay(tmp_path: Path) -> None:
    assert read_replay(None) == []
    (tmp_path / "replay.jsonl").write_text('{"id": "a"}\n{"id": "b"}\n')
    assert [row["id"] for row in read_replay(tmp_path / "replay.jsonl")] == ["a", "b"]
