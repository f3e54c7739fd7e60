from typing import Any

import pytest

from workbench.generation.counts import data_metrics, leaf_counts
from workbench.generation.mixing import Mix
from workbench.generation.near_duplicates import Seen
from workbench.generation.production import LeafShelf
from workbench.generation.rows import Candidate, LeafWork

Record = dict[str, Any]
ENDS = [
    ("kept", "", 3),
    ("kept", "", 3),
    ("kept", "", 3),
    ("kept", "", 3),
    ("rejected", "judged NO", 2),
    ("rejected", "judged 0", 2),
    ("rejected", "near-duplicate of a kept sample or a seed", 3),
    ("failed", "unparsable answer", 0),
]


@pytest.fixture
def shelf(works: list[LeafWork]) -> LeafShelf:
    shelf = LeafShelf(works[0], 5, Seen(0.9), kept=4)
    for number, (outcome, reason, stage) in enumerate(ENDS):
        shelf.decided.append(Candidate(works[0], number, {}, "", stage=stage, outcome=outcome, reason=reason))
    return shelf


def test_the_counts_of_a_leaf_add_up(shelf: LeafShelf) -> None:
    record: Record = {"leaf": "knowledge/town"}
    counts = leaf_counts(shelf, [record, record, {"leaf": "knowledge/other"}], [record])
    assert counts["made"] == 8 == counts["kept"] + sum(counts["rejected"].values()) + counts["failed"]
    assert counts["rejected"] == {"judgement": 2, "near_duplicate": 1}
    assert (counts["asked"], counts["kept"], counts["failed"]) == (5, 4, 1)
    assert (counts["heldout"], counts["mixed"], counts["too_like_heldout"]) == (1, 2, 1)
    assert counts["stages"] == ["judgement"]


def test_tokens_are_counted_by_leaf_and_phase() -> None:
    trained: list[Record] = [
        {"leaf": "knowledge/a/b", "kind": "knowledge", "question": "one two", "answer": "three", "context": "x " * 50},
        {"leaf": "knowledge/a/b", "kind": "knowledge", "question": "one", "answer": "two", "context": ""},
        {"leaf": "compositional_skills/c", "kind": "grounded", "question": "q", "answer": "a", "context": "one two"},
    ]
    row: Record = {"messages": [{"content": "a b c"}, {"content": "d"}]}
    metrics = data_metrics(trained, Mix([row, row], [row]), lambda text: len(text.split()))
    assert metrics == {
        "samples": {"knowledge": 2, "skills": 1, "total": 3},
        "tokens": {
            "data_leaf_nodes": {"compositional_c": 4, "knowledge_a_b": 5},
            "data_tokens_total": 9,
            "training_phases": {"phase_1_knowledge": 8, "phase_2_skills": 4},
            "training_estimated": 12,
        },
    }
