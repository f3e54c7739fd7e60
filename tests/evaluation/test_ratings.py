from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.pupils import Pupil
from workbench.assets import assets_folder
from workbench.engines import open_engine
from workbench.errors import EndpointError
from workbench.evaluation.journal import Journal, failure, read_rows
from workbench.evaluation.judge import parse_rating
from workbench.evaluation.questions import Key, Question
from workbench.evaluation.ratings import Judging, Rows, rate, rated

QUESTION = Question("1", "leaf", "How high?", "9 metres", later=("How old?",), later_expected=("3 years",))
ANSWERS: dict[Key, dict[str, Any]] = {
    ("leaf", "1/1"): {"answer": "8 metres"},
    ("leaf", "1/2"): {"answer": "3 years"},
}


@dataclass
class Scripted(Pupil):
    """Says one thing after the other, and the last for ever."""

    says: list[str] = field(default_factory=list)

    def answer(self, text: str) -> str:
        super().answer(text)
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]


def judge(*says: str, **more: Any) -> Scripted:
    return Scripted(says=list(says), **more)


def judgements(engine: Pupil, path: Path, judging: Judging | None = None, answers: Rows = ANSWERS) -> Rows:
    with Journal(path / "journal.jsonl", lambda done: None) as journal:
        rate(engine, [QUESTION], answers, journal, judging or Judging("full"))
    return read_rows(path / "journal.jsonl")


def test_each_turn_is_judged_with_those_before_it(tmp_path: Path) -> None:
    engine = judge("Nearly. [[6]]")
    row = rated(QUESTION, ANSWERS, judgements(engine, tmp_path))
    assert row["answers"] == ["8 metres", "3 years"]
    assert row["judgements"] == ["Nearly. [[6]]"] * 2
    assert row["ratings"] == [6.0, 6.0]
    assert row["references"] == ["9 metres", "3 years"]
    shown = {request.tag: request.messages[0]["content"] for request in engine.requests}
    assert "How old?" not in shown["leaf/1/1"]
    assert "8 metres" in shown["leaf/1/2"]


def test_an_answer_out_of_form_is_asked_for_once_more(tmp_path: Path) -> None:
    engine = judge("Nine.", "[[9]]")
    answers = {**ANSWERS, ("leaf", "1/2"): failure("too long")}
    row = rated(QUESTION, answers, judgements(engine, tmp_path, answers=answers))
    assert row["ratings"] == [9.0, None]
    first, second = engine.requests
    assert first.seed != second.seed
    assert (first.sampling.temperature, second.sampling.temperature) == (0.0, 0.7)


def test_a_judge_that_never_keeps_to_the_form_gives_no_rating(tmp_path: Path) -> None:
    engine = judge("[[9]] or [[3]]")
    row = rated(QUESTION, ANSWERS, judgements(engine, tmp_path))
    assert row["ratings"] == [None, None]
    assert row["judgements"] == ["[[9]] or [[3]]"] * 2
    assert "failed" not in row
    assert len(engine.asked) == 4


def test_answers_that_failed_are_not_judged(tmp_path: Path) -> None:
    engine = judge("[[9]]")
    answers = {key: failure("too long") for key in ANSWERS}
    row = rated(QUESTION, answers, judgements(engine, tmp_path, answers=answers))
    assert row["failed"] == "too long"
    assert row["ratings"] == row["answers"] == [None, None]
    assert engine.asked == []


def test_what_the_judge_cannot_read_fails_with_the_reason(tmp_path: Path) -> None:
    engine = judge("[[9]]", context_size=210)
    answers = {**ANSWERS, ("leaf", "1/2"): {"answer": "word " * 200}}
    row = rated(QUESTION, answers, judgements(engine, tmp_path, answers=answers))
    assert row["ratings"] == [9.0, None]
    assert row["failures"][0] is None
    assert row["failures"][1].startswith("the judge could not read it: ")
    assert "failed" not in row


def test_a_judge_that_dies_goes_on_where_it_was(tmp_path: Path) -> None:
    engine = judge("[[9]]", dies_after=1)
    with pytest.raises(EndpointError):
        judgements(engine, tmp_path)
    assert len(read_rows(tmp_path / "journal.jsonl")) == 1
    engine.dies_after = 1000
    assert len(judgements(engine, tmp_path)) == len(engine.asked) == 2


@pytest.mark.parametrize("form", ["compact", "full"])
def test_a_grammar_is_taken_where_the_engine_can_follow_one(tmp_path: Path, form: str) -> None:
    held = Judging(form, grammar=True)
    able, unable = judge("[[9]]", capabilities=frozenset({"grammar"})), judge("[[9]]")
    judgements(able, tmp_path / "able", held)
    judgements(unable, tmp_path / "unable", held)
    judgements(able, tmp_path / "free", Judging(form))
    assert [bool(request.grammar) for request in able.requests] == [True, True, False, False]
    assert not any(request.grammar for request in unable.requests)


@pytest.mark.parametrize("form", ["compact", "full"])
def test_the_embedded_judge_can_be_held_to_the_form(tmp_path: Path, form: str) -> None:
    engine = open_engine(str(assets_folder() / "models" / "seedling-teacher-Q4_K_M.gguf"))
    with closing(engine), Journal(tmp_path / "journal.jsonl", lambda done: None) as journal:
        rate(engine, [QUESTION], ANSWERS, journal, Judging(form, grammar=True))
        for row in journal.rows.values():
            *reasons, last = row["judgement"].splitlines()
            # A judge that was never taught to give reasons may find no end to them.
            assert row["rating"] == parse_rating(last)
            assert bool(reasons) == (form == "full")
    if form == "compact":
        assert all(row["rating"] for row in journal.rows.values())
