from dataclasses import replace

import pytest

from tests.generation.wide import wide_work
from workbench.generation.changes import Combine
from workbench.generation.near_duplicates import Seen
from workbench.generation.rows import Candidate
from workbench.generation.shelf import LeafShelf, nothing_kept
from workbench.generation.stages import Stage

ASK = Stage("ask", prompt="x", parse="(?P<question>.)", many=2)
DISTINCT = Stage("new", distinct=("question",))
ANSWER = Stage("answer", prompt="x", writes="answer")


def shelf(*stages: Stage, quota: int = 5, sources: int = 3) -> LeafShelf:
    return LeafShelf(replace(wide_work(sources=sources), stages=stages), quota, Seen(0.9))


def split(one: Candidate, *questions: str) -> list[Candidate]:
    """The rows that an answer with these questions becomes, behind the comparison."""
    one.split([(one.columns | {"question": text, "answer": "x y z"}, text) for text in questions])
    for row in one.children:
        row.marks.append((1, row.columns["question"]))
        row.stage = 2
    return one.children


def test_rows_are_decided_in_the_order_of_candidates_and_answers() -> None:
    made = shelf(ASK, DISTINCT, ANSWER)
    first, second = made.draw(), made.draw()
    later, earlier = split(second, "c", "d"), split(first, "a", "b")
    for row in (*later, earlier[1]):
        row.end("rejected", "x")
    assert made.decide() == 0, "the first row is still under way"
    earlier[0].end("rejected", "x")
    assert made.decide() == 4
    assert [(row.row, row.number) for row in made.decided] == [("0.0", 0), ("0.1", 1), ("1.0", 2), ("1.1", 3)]


def test_a_candidate_that_split_is_no_sample() -> None:
    made = shelf(ASK, DISTINCT, ANSWER)
    for row in split(made.draw(), "a", "b"):
        row.end("kept", "")
    made.decide()
    assert len(made.decided) == 2
    assert made.kept + sum(row.outcome == "rejected" for row in made.decided) == 2


def test_a_repetition_is_rejected_where_it_was_one_and_what_came_of_it_is_dropped() -> None:
    made = shelf(ASK, DISTINCT, ANSWER)
    first, second = made.draw(), made.draw()
    again = split(second, "a", "b")
    again[0].split([({}, ""), ({}, "")])
    split(first, "a")[0].end("failed", "x")
    again[1].end("rejected", "x")
    for one in (first, second):
        made.count(one)
    assert made.decide() == 3
    repeated = made.decided[1]
    assert (repeated.outcome, repeated.reason, repeated.stage_at.name) == ("rejected", "repeats an earlier row", "new")
    assert [row.row for row in made.dropped] == ["1.0.0", "1.0.1"]
    assert (made.flying, made.ahead) == (0, 0)


def test_more_is_wanted_the_less_is_kept() -> None:
    made = shelf(ASK, DISTINCT, ANSWER, quota=10)
    assert made.wanted == 10
    one = made.draw()
    assert (made.flying, made.ahead, made.wanted) == (1, 2, 8)
    rows = split(one, "a", "b")
    made.count(one)
    assert (made.flying, made.ahead) == (2, 2)
    for row in rows:
        row.end("rejected", "x")
    made.count(one)
    assert (made.flying, made.ahead) == (0, 2)
    made.decide()
    assert (made.flying, made.ahead, made.wanted) == (0, 0, 20)


def test_a_leaf_is_given_up_after_sources_enough() -> None:
    made = shelf(ASK, DISTINCT, ANSWER, sources=9)
    for number in range(8):
        assert not made.hopeless
        for row in split(made.draw(), *(f"{number} {n}" for n in range(30))):
            row.end("rejected", "x")
        made.decide()
    assert made.hopeless
    assert made.full


def test_what_is_forgotten_is_named() -> None:
    made = shelf(ASK, DISTINCT, ANSWER)
    rows = split(made.draw(), "a", "b")
    rows[0].end("failed", "x")
    made.draw()
    made.decide()
    assert [row.row for row in made.clear()] == ["0.1", "1"]
    assert (made.ahead, list(made.undecided())) == (0, [])


def test_all_sources_of_a_turn_are_drawn_for_a_majority() -> None:
    made = shelf(Stage("most", majority="document"), ANSWER, sources=3)
    rows, still_open = [], []
    for _ in range(3):
        rows.append(made.draw())
        still_open.append(made.turn_open)
    assert still_open == [True, True, False]
    for row, text in zip(rows, ("a", "b", "b"), strict=True):
        row.columns["document"], row.waits = text, True
    assert [row.columns["document"] for row in made.gather()] == ["b", "b", "b"]


@pytest.mark.parametrize("stages", [(ASK, ANSWER), (Stage("c", change=Combine(("a",), "", "b")), ANSWER)])
def test_only_a_majority_waits(stages: tuple[Stage, ...]) -> None:
    made = shelf(*stages)
    made.draw()
    assert not made.turn_open
    assert made.gather() == []


def test_reasons_and_raw_answers_are_told() -> None:
    made = shelf(ASK, DISTINCT, ANSWER)
    for row in split(made.draw(), "a", "b"):
        row.end("rejected", "judged NO")
    made.decide()
    told = nothing_kept(made)
    assert "none of 2 samples was kept: answer: judged NO (2)" in told
    assert "'a'" in told
