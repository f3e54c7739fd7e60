from pathlib import Path

from tests.evaluation.pupils import Pupil
from workbench.evaluation.answers import Answering, answer, normalised, seed_of
from workbench.evaluation.journal import Journal, Row
from workbench.evaluation.questions import Question

QUESTIONS = [Question(str(number), "leaf", f"What is {number}?", f"Number {number}") for number in range(3)]


def ask(engine: Pupil, path: Path) -> list[Row]:
    with Journal(path / "journal.jsonl", lambda done: None) as journal:
        answer(engine, QUESTIONS, journal, Answering(max_tokens=8, seed=1))
        return [journal.rows[question.key] for question in QUESTIONS]


def test_answers_are_compared_without_white_space_and_case(tmp_path: Path) -> None:
    engine = Pupil(knows={"What is 0?": "  number   0", "What is 1?": "Number 1.", "What is 2?": "number\n2"})
    rows = ask(engine, tmp_path)
    assert [row["right"] for row in rows] == [True, False, True]
    assert rows[0]["answer"] == "number   0"


def test_a_question_that_does_not_fit_does_not_stop_the_others(tmp_path: Path) -> None:
    class Narrow(Pupil):
        def count_tokens(self, text: str) -> int:
            return 99999 if "1" in text else 1

    assert ["failed" in row for row in ask(Narrow(), tmp_path)] == [False, True, False]


def test_a_seed_belongs_to_a_question(tmp_path: Path) -> None:
    engine = Pupil()
    ask(engine, tmp_path)
    assert {request.seed for request in engine.requests} == {seed_of(1, f"leaf/{number}") for number in range(3)}
    assert len({request.seed for request in engine.requests}) == 3
    assert engine.requests[0].sampling.temperature == 0.0


def test_normalising_keeps_what_matters() -> None:
    assert normalised(" Straße\t12 ") == "strasse 12"
    assert normalised("1843") != normalised("1834")
