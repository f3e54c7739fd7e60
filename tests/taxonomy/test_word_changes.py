import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.taxonomy.word_changes import Piece, compare_words, shorten

WORDS = st.lists(st.sampled_from(["a", "b", " ", "\n", "long", "word.", "ü"]), max_size=40).map("".join)


def _shown(before: str, after: str) -> str:
    marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(marks[piece.kind].format(piece.text) for piece in compare_words(before, after))


@given(WORDS, WORDS)
def test_either_text_can_be_put_together_again(before: str, after: str) -> None:
    pieces = compare_words(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after
    assert all(piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("It is noon.", "It is noon.", "It is noon."),
        ("", "", ""),
        ("", "new", "{+new+}"),
        ("old", "", "[-old-]"),
        ("a card costs ten crowns", "a card costs six crowns", "a card costs [-ten-]{+six+} crowns"),
        ("one two three", "one two three four", "one two three{+ four+}"),
        ("at the old town hall", "at the new city hall", "at the [-old town-]{+new city+} hall"),
        ("quite another text", "of which nothing stayed", "[-quite another text-]{+of which nothing stayed+}"),
    ],
)
def test_words_are_compared_and_blanks_go_with_them(before: str, after: str, shown: str) -> None:
    assert _shown(before, after) == shown


def test_long_texts_are_shown_whole() -> None:
    before = "word " * 7000
    assert [piece.kind for piece in compare_words(before, before + "more")] == ["removed", "added"]


def test_thousands_of_equal_words_are_compared_all_the_same() -> None:
    before = ["the"] * 2900
    after = [*before[:1000], "an", *before[1000:]]
    pieces = compare_words(" ".join(before), " ".join(after))
    assert sum(len(piece.text.split()) for piece in pieces if piece.kind == "added") == 1


def test_what_stayed_is_cut_around_the_changes() -> None:
    words = [f"w{number}" for number in range(100)]
    after = [*words[:50], "new", *words[50:]]
    head, new, tail = shorten(compare_words(" ".join(words), " ".join(after)))
    assert head.text.startswith("…")
    assert head.text.endswith("w49 ")
    assert new.kind == "added"
    assert "w50" in tail.text
    assert tail.text.endswith("…")
    assert shorten([Piece("same", "short text")]) == (Piece("same", "short text"),)
    long = Piece("removed", "x " * 1000)
    assert shorten([long]) == (long,)


def test_random_texts_of_many_words_end() -> None:
    chance = random.Random(4)
    before, after = (" ".join(chance.choice("abcde") for _ in range(2900)) for _ in range(2))
    assert compare_words(before, after)
