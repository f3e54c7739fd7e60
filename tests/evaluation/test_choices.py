import math
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.evaluation.pupils import Pupil
from workbench.errors import EvaluationError
from workbench.evaluation.choices import choose
from workbench.evaluation.fewshot import Examples
from workbench.evaluation.journal import Journal, Row
from workbench.evaluation.papers import Sheet
from workbench.evaluation.questions import Question

ROOT = Path(__file__).parents[2]
QUESTION = Question("1", "leaf", "How tall?", "38 metres", ("389 metres", "38 metres"), 1)


class Shortest(Pupil):
    """Every character costs the same: a beginning would win against the whole."""

    def score(self, context: str, continuations: list[str]) -> list[float]:  # type: ignore[override]
        self.asked += continuations
        return [-float(len(text)) for text in continuations]


def chosen(engine: Pupil, path: Path) -> Row:
    with Journal(path / "journal.jsonl", lambda done: None) as journal:
        choose(engine, [QUESTION], journal)
        return journal.rows[QUESTION.key]


def test_the_likeliest_choice_is_taken(tmp_path: Path) -> None:
    row = chosen(Pupil(knows={"How tall?": "38 metres"}), tmp_path)
    assert (row["chosen"], row["right"], row["scores"]) == (1, True, [-5.0, -1.0])


def test_a_choice_is_scored_as_a_whole_answer(tmp_path: Path) -> None:
    engine = Shortest()
    chosen(engine, tmp_path)
    assert engine.asked == ["389 metres<|end|>", "38 metres<|end|>"]


def test_a_template_that_rewrites_answers_leaves_the_bare_choice(tmp_path: Path) -> None:
    class Capitals(Shortest):
        def render(self, messages: list[dict[str, str]], **more: bool) -> str:  # type: ignore[override]
            return super().render(messages, **more).upper()  # type: ignore[arg-type]

    engine = Capitals()
    chosen(engine, tmp_path)
    assert engine.asked == ["389 metres", "38 metres"]


def test_a_question_that_does_not_fit_is_kept_as_failed(tmp_path: Path) -> None:
    assert "does not fit" in chosen(Pupil(context_size=1), tmp_path)["failed"]


def questions(count: int) -> list[Question]:
    return [Question(str(number), "leaf", f"Is it {number}?", "no", ("yes", "no"), 1) for number in range(count)]


def until_killed(journal: Path) -> None:
    """Chooses until five rows are kept, and is killed then."""

    def kept(done: int) -> None:
        if done == 5:
            signal.raise_signal(signal.SIGKILL)

    with Journal(journal, kept) as rows:
        choose(Pupil(), questions(12), rows)


def test_what_was_chosen_before_a_kill_is_not_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    code = (
        f"from pathlib import Path; from tests.evaluation.test_choices import until_killed as u; u(Path({str(path)!r}))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == -signal.SIGKILL
    engine = Pupil(knows={question.asked: "no" for question in questions(12)})
    with Journal(path, lambda done: None) as journal:
        assert len(journal.rows) == 5
        choose(engine, questions(12), journal)
        assert len(journal.rows) == 12
    assert len(engine.asked) == 7


def test_examples_that_do_not_fit_stop_before_anything_is_asked(tmp_path: Path) -> None:
    sheet, engine = Sheet(Examples(questions(4), {}), 3), Pupil(context_size=20)
    with Journal(tmp_path / "journal.jsonl", lambda done: None) as journal:
        with pytest.raises(EvaluationError, match=r"leaf: with 3 examples .* with 1 they do"):
            choose(engine, questions(4), journal, sheet)
        choose(engine, questions(4), journal, Sheet(Examples(questions(4), {}), 1))
        assert [row.get("failed") for row in journal.rows.values()] == [None] * 4


def test_what_came_before_a_likelihood_that_is_no_number_is_kept(tmp_path: Path) -> None:
    class Broken(Pupil):
        def score(self, context: str, continuations: Sequence[str]) -> list[float]:
            scores = super().score(context, continuations)
            return [math.nan, *scores[1:]] if len(self.asked) == 3 else scores

    with Journal(tmp_path / "journal.jsonl", lambda done: None) as journal:
        with pytest.raises(EvaluationError, match="gives no log-likelihood to the choices of leaf/1"):
            choose(Broken(), questions(4), journal)
        assert sorted(journal.rows) == [("leaf", "2"), ("leaf", "3")]


def test_letters_are_chosen_like_any_other_choice(tmp_path: Path) -> None:
    class Seconds(Pupil):
        def score(self, context: str, continuations: Sequence[str]) -> list[float]:
            assert tuple(continuations) == (" A", " B")
            return [-2.0, -1.0]

    with Journal(tmp_path / "journal.jsonl", lambda done: None) as journal:
        choose(Seconds(), questions(2), journal, Sheet(Examples([], {}), 0))
        assert [row["right"] for row in journal.rows.values()] == [True, True]
