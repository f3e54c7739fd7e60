from dataclasses import replace

import pytest

from tests.generation.wide import wide_work
from workbench.generation.rows import Candidate, LeafWork
from workbench.generation.stages import Stage
from workbench.generation.steps import advance, apply_answer, gather


@pytest.fixture
def one(works: list[LeafWork]) -> Candidate:
    return Candidate(works[0], 0, dict(works[0].sources[0].columns), "town.md#0")


def test_an_answer_becomes_a_column(one: Candidate) -> None:
    apply_answer(one, "  Where is it? \n", "stop")
    assert (one.columns["question"], one.stage, one.over) == ("Where is it?", 1, False)
    assert one.trace == [{"stage": "question", "text": "Where is it?"}]


def test_an_answer_that_is_cut_off_or_empty_fails(one: Candidate, works: list[LeafWork]) -> None:
    apply_answer(one, "Where is", "length")
    assert (one.outcome, one.reason) == ("failed", "cut off after 9 tokens")
    other = Candidate(works[0], 1, {}, "")
    apply_answer(other, "  ", "stop")
    assert (other.outcome, other.reason) == ("failed", "unparsable answer")


def test_a_pair_needs_both_of_its_parts(one: Candidate) -> None:
    pair = replace(one.leaf.stages[0], writes="", parse=r"(?P<question>[^\n]*)\n?(?P<answer>.*)")
    for text, over in (("Where is it?\nThere.", False), ("Where is it?", True)):
        made = Candidate(replace(one.leaf, stages=(pair, *one.leaf.stages[1:])), 0, {}, "")
        apply_answer(made, text, "stop")
        assert made.over is over
        assert ("answer" in made.columns) is not over


def test_a_judgement_is_asked_for_once_more_and_then_fails(one: Candidate) -> None:
    one.stage = 2
    apply_answer(one, "hm", "stop")
    assert (one.tries, one.stage, one.over) == (1, 2, False)
    apply_answer(one, "hm", "stop")
    assert (one.outcome, one.reason) == ("failed", "unparsable judgement")


@pytest.mark.parametrize(("text", "outcome", "reason"), [("so: NO", "rejected", "judged NO"), ("so: YES", "kept", "")])
def test_a_judgement_decides(one: Candidate, text: str, outcome: str, reason: str) -> None:
    one.stage = 2
    apply_answer(one, text, "stop")
    assert (one.outcome, one.reason) == (outcome, reason)


def wide(*names: str) -> LeafWork:
    """A leaf that goes through these stages of the wide flow alone."""
    work = wide_work()
    return replace(work, stages=tuple(stage for stage in work.stages if stage.name in names))


def test_a_row_is_split_and_its_rows_are_asked_about_in_order() -> None:
    one = wide("original", "manners", "versions", "questions").candidate(0)
    one.columns["tidied"] = "Bells."
    asked = advance([one])
    assert [(row.row, row.columns["dataset_type"]) for row in asked] == [("0.0", "tidied"), ("0.1", "document")]
    assert asked[0].columns["manner"] == "plain"
    asked = apply_answer(asked[1], "1. Who?\n2. When?\n", "stop")
    assert asked == [], "behind the last stage nobody is asked"
    assert [(row.row, row.outcome) for row in one.rows()] == [("0.0", ""), ("0.1.0", "kept"), ("0.1.1", "kept")]
    assert [row.trace for row in one.rows()][1] == [{"stage": "questions", "text": "1. Who?"}]


def test_samples_are_rows_before_they_are_asked() -> None:
    asked = advance([wide("answers", "heavy").candidate(0)])
    assert [row.row for row in asked] == ["0.0", "0.1"]
    assert len({row.seed(42) for row in asked}) == 2
    assert [row.sampled for row in asked] == [0, 0], "a sample is not sampled again"


def test_a_critic_that_writes_is_asked_once_more() -> None:
    one = wide("weight", "heavy").candidate(0)
    assert apply_answer(one, "w=much", "stop") == [one]
    assert one.tries == 1
    assert apply_answer(one, "hm", "stop") == []
    assert (one.outcome, one.reason) == ("failed", "unparsable judgement")


@pytest.mark.parametrize(("text", "outcome", "reason"), [("w=1", "rejected", "weight is 1"), ("w=2", "kept", "")])
def test_a_filter_is_a_stage_of_its_own(text: str, outcome: str, reason: str) -> None:
    one = wide("weight", "heavy").candidate(0)
    apply_answer(one, text, "stop")
    assert (one.outcome, one.reason, one.stage_at.name) == (outcome, reason, "heavy")
    assert ("weight" in one.columns) is (outcome == "rejected"), "what is dropped is dropped behind the stage"


def test_a_row_that_cannot_be_changed_fails() -> None:
    one = wide("manners").candidate(0)
    one.columns["leaf_node_type"] = "song"
    advance([one])
    assert (one.outcome, one.reason) == ("failed", "there is nothing for leaf_node_type 'song'")


def test_a_majority_waits_for_all_and_ends_a_tie_by_the_smaller_value() -> None:
    work = replace(wide_work(), stages=(Stage("most", majority="tone"), Stage("say", prompt="x", writes="answer")))
    rows = [work.candidate(number) for number in range(4)]
    for row, tone in zip(rows, "bbaa", strict=True):
        row.columns["tone"] = tone
    assert advance(rows[:3]) == []
    assert gather(rows) == [], "one of them is not there yet"
    advance(rows[3:])
    assert gather(rows) == rows
    assert {row.columns["tone"] for row in rows} == {"a"}
    assert gather(rows) == []
