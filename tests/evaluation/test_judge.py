import pytest

from workbench.evaluation.judge import form_digest, judge_form, judge_prompt, judge_prompts, parse_rating, render


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


@pytest.mark.parametrize("form", ["compact", "full"])
@pytest.mark.parametrize("reference", ["RR", ""])
@pytest.mark.parametrize("before", [[], [{"question": "Q1", "reference": "R1", "answer": "A1"}]])
def test_every_prompt_shows_what_is_rated_and_none_rates_itself(
    form: str, reference: str, before: list[dict[str, str]]
) -> None:
    prompt = judge_prompt(form, before=before, question="QQ", reference=reference, answer="AA")
    assert all(text in prompt for text in ("QQ", reference, "AA"))
    assert ("eference" in prompt) == bool(reference)
    assert all(text in prompt for text in ("Q1", "A1")) == bool(before and form == "full")
    assert parse_rating(prompt) is None
    assert "{" not in prompt


def test_every_prompt_is_used() -> None:
    assert judge_prompts().keys() == {"compact", "compact_open", "full", "full_open", "full_later", "full_later_open"}


def test_a_conversation_is_shown_with_the_references_that_it_has() -> None:
    before = [{"question": "Q1", "reference": "", "answer": "A1"}]
    prompt = judge_prompt("full", before=before, question="Q2", reference="R2", answer="A2")
    assert "User:\nQ1\n\nAssistant:\nA1\n\nUser:\nQ2\n\nReference answer:\nR2\n\nAnswer to be rated:\nA2\n" in prompt


def test_a_compact_judge_is_not_shown_the_passage() -> None:
    columns = {"before": [], "question": "A passage.\n\nHow high?", "reference": "9", "answer": "8"}
    assert judge_prompt("compact", **columns).startswith("Question: How high?\n")
    assert "A passage." in judge_prompt("full", **columns)


def test_the_form_suits_the_judge() -> None:
    assert judge_form("auto", "seedling-teacher-Q4_K_M") == "compact"
    assert judge_form("auto", "another-judge") == "full"
    assert judge_form("full", "seedling-teacher-Q4_K_M") == "full"
    assert form_digest("full") != form_digest("compact")
