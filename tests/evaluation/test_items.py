from workbench.evaluation.items import Items

RATED = {"turns": ["Say."], "references": ["e"], "answers": ["e"], "failures": [None]}
ROWS = (
    {"id": "1", "leaf": "a", "question": "<q>?", "choices": ["x", "y"], "answer": 0, "chosen": 0, "right": True},
    {"id": "2", "leaf": "a", "question": "Two?", "choices": ["x", "y"], "answer": 0, "chosen": 1, "right": False},
    {"id": "3", "leaf": "a", "question": "Three?", "failed": "too long"},
    {"id": "4", "leaf": "b", "question": "Four?", **dict(RATED, answers=["s"], judgements=["no"], ratings=[None])},
    {"id": "5", "leaf": "b", "question": "Five?", **dict(RATED, judgements=["[[9]]"], ratings=[9.0])},
)


def test_an_item_shows_what_was_expected_said_and_counted() -> None:
    text = str(Items("Proof questions", ROWS))
    assert "expected: x\n  said: y\n  counts: wrong" in text
    assert "counts: failed: too long" in text
    assert "counts: no rating: no" in text
    assert "counts: 9 of 10" in text


def test_the_table_escapes_what_models_say() -> None:
    html = Items("Proof questions", ROWS)._repr_html_()
    assert "&lt;q&gt;?" in html
    assert "<q>" not in html


def test_what_went_wrong_can_be_picked_out() -> None:
    assert [row["id"] for row in Items("Proof questions", ROWS).wrong()] == ["2", "3", "4"]


def test_only_the_first_are_shown_and_the_rest_are_counted() -> None:
    many = Items("Proof questions", ROWS[:1] * 60)
    assert len(many) == 60
    assert "10 more." in many._repr_html_()
