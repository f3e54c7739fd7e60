import pytest

from tests.widgets.conftest import CHOSEN, RATED
from workbench.widgets.item_page import Item, Row, item_html, verdict, words_of

FAILED = {"id": "3", "leaf": "a", "question": "Three?", "failed": "it is too long"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"right": True}, "right"),
        ({"right": False}, "wrong"),
        (FAILED, "failed"),
        ({"ratings": [None, None]}, "no rating"),
        ({"ratings": [3.0, 4.5]}, "rated below 4"),
        ({"ratings": [4.0, None]}, "rated 4 to 7"),
        ({"rating": 7.0}, "rated 7 and more"),
    ],
)
def test_there_are_few_different_verdicts(row: Row, said: str) -> None:
    assert verdict(row) == said


def test_choices_have_their_likelihoods_and_what_is_right() -> None:
    page = item_html(Item("proof", {"base": CHOSEN, "trained": CHOSEN | {"chosen": 0, "right": True}}), "Proof")
    assert "<td>&lt;1900&gt;</td><td>27 %</td><td>-2.00</td><td>right</td>" in page
    assert "<td>1901</td><td>73 %</td><td>-1.00</td><td>chosen</td>" in page
    assert "<td>right, chosen</td>" in page
    assert [name in page for name in ('aria-label="Base model"', 'aria-label="Trained model"')] == [True, True]
    assert "<1900>" not in page


def test_both_turns_have_their_answer_judgement_and_rating() -> None:
    page = item_html(Item("mt_bench", {"trained": RATED}), "Conversations")
    assert page.count("<h5>Turn 1</h5>") == page.count("<h5>Turn 2</h5>") == 2
    assert "First?" in page
    assert "Second?" in page
    assert "<b>9 of 10</b>, the judge said:" in page
    assert "<b>no rating</b>, the judge said:" in page
    assert "the judge rates freely" not in page


def test_one_rating_as_earlier_evaluations_kept_it_is_shown_too() -> None:
    row = {
        "id": "1",
        "leaf": "a",
        "question": "Q?",
        "expected": "e",
        "answer": "s",
        "judgement": "[[5]]",
        "rating": 5.0,
    }
    page = item_html(Item("mt_bench_branch", {"base": row}), "Seed examples")
    assert "<b>5 of 10</b>" in page
    assert "[[5]]" in page


def test_what_failed_says_why_and_the_other_model_says_the_rest() -> None:
    page = item_html(Item("proof", {"base": FAILED, "trained": CHOSEN}), "Proof")
    assert "<b>failed</b>: it is too long" in page
    assert "&lt;1900&gt;" in page


def test_everything_said_may_be_looked_for() -> None:
    text = words_of(Item("mt_bench", {"trained": RATED}))
    assert all(word in text for word in ("Second?", "one", "[[9]]"))
