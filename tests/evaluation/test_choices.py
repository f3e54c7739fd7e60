from pathlib import Path

import pytest

from tests.evaluation.pupils import Pupil
from workbench.errors import EvaluationError
from workbench.evaluation.choices import choose
from workbench.evaluation.journal import Journal, Row
from workbench.evaluation.questions import Question

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


def test_an_engine_that_cannot_score_is_not_asked(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="cannot tell"):
        chosen(Pupil(capabilities=frozenset({"grammar"})), tmp_path)


def test_a_question_that_does_not_fit_is_kept_as_failed(tmp_path: Path) -> None:
    assert "does not fit" in chosen(Pupil(context_size=1), tmp_path)["failed"]
