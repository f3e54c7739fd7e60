from typing import Any

from tests.plots.extents import cut_off, words
from workbench.messages import assistant, user
from workbench.plots.spread import lengths


def row(leaf: str, question: int, answer: int) -> dict[str, str]:
    return {"leaf": leaf, "question": "q" * question, "answer": "a" * answer}


def test_medians_stand_beside_each_leaf_and_in_the_caption() -> None:
    figure = lengths([row("knowledge/a", 40 + number, 10) for number in range(21)])
    assert "21 pairs of 1 leaf." in figure.caption
    assert "a question has 50 (mostly 41 to 59) characters, an answer 10 (mostly 10 to 10)" in figure.caption
    assert {"50", "10", "median", "questions", "answers"} <= set(words(figure))
    assert not cut_off(figure)


def test_training_rows_are_read_by_their_messages_and_metadata() -> None:
    rows: list[dict[str, Any]] = [
        {"messages": [user("q" * 20), assistant("a" * 5)], "metadata": metadata, "id": "1", "unmask": False}
        for metadata in ('{"leaf": "knowledge/b/ships"}', '{"dataset": "replay"}', "")
    ]
    figure = lengths(rows)
    assert figure.caption.startswith("3 pairs of 3 leaves. In the median a question has 20")
    assert {"ships", "replay", "no leaf"} <= set(words(figure))


def test_an_empty_answer_and_a_very_long_question_fit_one_scale() -> None:
    figure = lengths([row("knowledge/a", 20000, 0), row("compositional_skills/b", 30, 3)])
    low, high = figure.drawing.axes[0].get_xlim()
    assert low < 1
    assert high > 20000
    assert not cut_off(figure)


def test_hundreds_of_leaves_share_lines_by_folder() -> None:
    figure = lengths([row(f"knowledge/{number % 9}/{number}", 20, 5) for number in range(300)])
    assert "300 pairs of 300 leaves." in figure.caption
    assert "knowledge/0: 34 leaves" in words(figure)
    assert not cut_off(figure)


def test_without_rows_it_says_so() -> None:
    assert lengths([]).caption == "There are no questions and answers yet."
