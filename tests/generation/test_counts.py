from dataclasses import replace
from typing import Any

import pytest

from workbench.generation.counts import data_metrics, funnel, leaf_counts
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


def test_the_funnel_says_what_each_stage_lost_and_why(shelf: LeafShelf) -> None:
    lines = {line.pop("stage"): line for line in funnel(shelf)}
    assert list(lines) == ["question", "answer", "judgement", "near_duplicate"]
    failed = {"judges": False, "in": 8, "passed": 7, "rejected": 0, "failed": 1, "reasons": {"unparsable answer": 1}}
    assert lines["question"] == failed
    nothing = {"judges": False, "in": 7, "passed": 7, "rejected": 0, "failed": 0, "reasons": {}}
    assert lines["answer"] == nothing
    assert lines["judgement"]["judges"]
    assert (lines["judgement"]["in"], lines["judgement"]["passed"]) == (7, 5)
    assert lines["judgement"]["reasons"] == {"judged 0": 1, "judged NO": 1}
    assert (lines["near_duplicate"]["rejected"], lines["near_duplicate"]["passed"]) == (1, 4)


def test_rare_reasons_are_counted_together(works: list[LeafWork]) -> None:
    shelf = LeafShelf(works[0], 5, Seen(0.9))
    for number in range(20):
        reason = "judged NO" if number < 8 else f"judged {number}"
        shelf.decided.append(Candidate(works[0], number, {}, "", stage=2, outcome="rejected", reason=reason))
    reasons = funnel(shelf)[2]["reasons"]
    assert next(iter(reasons.items())) == ("judged NO", 8)
    assert len(reasons) == 4
    assert reasons["other reasons"] == 10
    assert sum(reasons.values()) == 20


def test_a_verdict_that_quotes_its_sample_is_no_reason_of_its_own(works: list[LeafWork]) -> None:
    *first, judgement = works[0].stages
    quoting = replace(works[0], stages=(*first, replace(judgement, keep=("{{ answer }}",))))
    shelf = LeafShelf(quoting, 5, Seen(0.9))
    for number in range(3):
        shelf.decided.append(Candidate(quoting, number, {}, "", stage=2, outcome="rejected", reason=f"judged {number}"))
    assert funnel(shelf)[2]["reasons"] == {"judged otherwise": 3}


def test_tokens_are_counted_by_leaf_and_phase() -> None:
    trained: list[Record] = [
        {"leaf": "knowledge/a/b", "kind": "knowledge", "question": "one two", "answer": "three", "context": "x " * 50},
        {"leaf": "knowledge/a/b", "kind": "knowledge", "question": "one", "answer": "two", "context": ""},
        {"leaf": "compositional_skills/c", "kind": "grounded", "question": "q", "answer": "a", "context": "one two"},
    ]
    row: Record = {"messages": [{"content": "a b c"}, {"content": "d"}]}
    metrics = data_metrics(trained, Mix([row, row], [row]), lambda text: len(text.split()))
    assert metrics == {
        "samples": {
            "knowledge": 2,
            "skills": 1,
            "total": 3,
            "data_leaf_nodes": {"compositional_c": 1, "knowledge_a_b": 2},
        },
        "tokens": {
            "data_leaf_nodes": {"compositional_c": 4, "knowledge_a_b": 5},
            "data_tokens_total": 9,
            "training_phases": {"phase_1_knowledge": 8, "phase_2_skills": 4},
            "training_estimated": 12,
        },
    }
