import pytest

from workbench.evaluation.judge import judge_form, judge_prompts, judging, parse_rating, render
from workbench.evaluation.questions import Question

QUESTION = Question("1", "leaf", "How high?", "9 metres")


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("[[7]]", 7.0),
        ("Close to it.\n[[10]]", 10.0),
        ("[[7.5]]", 7.5),
        ("[[3]] as said: [[3]]", 3.0),
        ("[[3]] or [[4]]", None),
        ("[[0]]", None),
        ("[[11]]", None),
        ("[7]", None),
        ("7", None),
        ("[[seven]]", None),
        ("[[-3]]", None),
        ("", None),
    ],
)
def test_a_rating_is_read_strictly(text: str, rating: float | None) -> None:
    assert parse_rating(text) == rating


def test_the_compact_prompt_is_the_one_that_the_embedded_judge_learned() -> None:
    prompt = render("compact", question="How high?", reference="9 metres", answer="8 metres")
    assert prompt == "Question: How high?\nReference: 9 metres\nAnswer: 8 metres\nRate the answer from 1 to 10."


@pytest.mark.parametrize("form", judge_prompts())
def test_every_form_shows_all_three_texts_and_none_rates_itself(form: str) -> None:
    prompt = render(form, question="QQ", reference="RR", answer="AA")
    assert all(text in prompt for text in ("QQ", "RR", "AA"))
    assert parse_rating(prompt) is None


def test_the_form_suits_the_judge() -> None:
    assert judge_form("auto", "seedling-teacher-Q4_K_M") == "compact"
    assert judge_form("auto", "another-judge") == "full"
    assert judge_form("full", "seedling-teacher-Q4_K_M") == "full"


def test_the_judge_is_shown_the_answer_and_its_words_are_kept() -> None:
    sitting = judging("compact", {QUESTION.key: {"answer": "8 metres"}}, seed=3)
    assert "Answer: 8 metres" in sitting.request(QUESTION).messages[0]["content"]
    row = sitting.read(QUESTION, " Nearly. [[6]]\n")
    assert row == {"expected": "9 metres", "answer": "8 metres", "judgement": "Nearly. [[6]]", "rating": 6.0}
