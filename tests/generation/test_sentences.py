import pytest

from workbench.generation.sentences import focus, sentences

TEXT = """## Aldin Bridge

Aldin Bridge was built in 1421. It is made of Holite. Mara Berg (the keeper of it) lives there.

- Walls are 3.5 metres thick. "Thick," says Mr. Olm.
"""


def test_sentences_end_where_a_new_one_begins() -> None:
    assert sentences(TEXT) == [
        "Aldin Bridge was built in 1421.",
        "It is made of Holite.",
        "Mara Berg (the keeper of it) lives there.",
        "- Walls are 3.5 metres thick.",
        '"Thick," says Mr.',
        "Olm.",
    ]


@pytest.mark.parametrize("text", ["", "## Only a heading", "---"])
def test_a_text_may_hold_none(text: str) -> None:
    assert sentences(text) == []
    assert focus(text, 3) == text


def test_lines_of_a_paragraph_belong_together() -> None:
    assert sentences("One sentence\nover two lines. Another.") == ["One sentence over two lines.", "Another."]


def test_a_sentence_that_points_back_comes_with_what_it_points_at() -> None:
    first = "Aldin Bridge was built in 1421."
    assert focus(TEXT, 0) == first
    assert focus(TEXT, 1) == f"{first} It is made of Holite."
    assert focus(TEXT, 2) == f"{first} It is made of Holite. Mara Berg (the keeper of it) lives there."
    assert focus(TEXT, 3) == "- Walls are 3.5 metres thick."


def test_places_are_counted_round() -> None:
    assert focus(TEXT, 6) == focus(TEXT, 0)


def test_what_points_back_at_nothing_stands_alone() -> None:
    assert focus("It was late. The end.", 0) == "It was late."
