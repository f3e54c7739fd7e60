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


def test_a_conversation_shows_every_turn() -> None:
    row = {
        "id": "6",
        "leaf": "c",
        "question": "Who?",
        "turns": ["Who?", "When?"],
        "references": ["me", ""],
        "answers": ["you", None],
        "judgements": ["No. [[2]]", None],
        "ratings": [2.0, None],
        "failures": [None, "too long"],
    }
    items = Items("Conversations", (row,))
    text = str(items)
    assert "asked: (1) Who?\n(2) When?" in text
    assert "expected: (1) me\n(2) none" in text
    assert "counts: (1) 2 of 10: No. [[2]]\n(2) failed: too long" in text
    assert len(items.wrong()) == 1
    assert "(2) When?" in items._repr_html_()
