import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.widgets.markdown_page import page, passages, selected, source

TEXT = """# Boats

The *Ann* is a **fast** boat; see [the list](https://example.org "all").

- one `sail`
- two oars

| Name | Length |
|------|--------|
| Ann  | 9 m    |

1. first
2. second
"""
HOSTILE = (
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "[a](javascript:alert(1))",
    "[a](https://example.org)",
    "![a](https://example.org/x.png)",
    "![x](data:image/svg+xml;base64,AAAA)",
    '```" onmouseover="alert(1)\nx\n```',
    "<https://example.org>",
    '[a](<x" onclick="alert(1)>)',
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_can_do_no_harm(text: str) -> None:
    shown = page(text)
    tags = re.findall(r"<[^>]*>", shown)
    assert not [
        tag for tag in tags if re.search(r"<(script|img|a|iframe)\b|\son\w+=|href=|src=", re.sub('"[^"]*"', "", tag))
    ]


def test_blocks_say_where_they_come_from() -> None:
    assert '<h1 data-first="0" data-end="1">Boats</h1>' in page(TEXT)
    assert '<li data-first="4" data-end="5">' in page(TEXT)


def test_a_long_document_is_cut() -> None:
    assert "goes on" in page("word " * 100_000)


def test_passages_are_the_blocks_in_order() -> None:
    assert [passage.title.strip()[:8] for passage in passages(TEXT)] == [
        "# Boats",
        "The *Ann",
        "- one `s",
        "| Name |",
        "1. first",
    ]
    first, second, *_ = passages(TEXT)
    assert source(TEXT, first.first, second.end).startswith("# Boats\n\nThe *Ann*")


@pytest.mark.parametrize(
    ("lines", "words", "found"),
    [
        ((2, 3), "a fast boat", "a **fast** boat"),
        ((2, 3), "The Ann is", "The *Ann* is"),
        ((2, 3), "fas", "**fast**"),
        ((2, 3), "see the list.", 'see [the list](https://example.org "all").'),
        ((0, 1), "Boats", "# Boats"),
        ((4, 6), "one sail\ntwo oars", "- one `sail`\n- two oars"),
        ((5, 6), "oars", "oars"),
        ((7, 10), "Ann\t9 m", "| Ann  | 9 m"),
        ((11, 13), "first\nsecond", "1. first\n2. second"),
        ((2, 3), "not in there", TEXT.split("\n")[2]),
        ((2, 3), " ", TEXT.split("\n")[2]),
    ],
)
def test_a_selection_is_taken_as_it_stands_in_the_document(lines: tuple[int, int], words: str, found: str) -> None:
    assert selected(TEXT, *lines, words) == found


@given(st.text(max_size=200), st.text(max_size=20))
def test_a_passage_is_always_a_piece_of_its_document(text: str, words: str) -> None:
    lines = text.split("\n")
    assert selected(text, 0, len(lines), words) in text


@given(st.text(alphabet="ab *_`#->[]()|1.\n&;", max_size=80))
def test_any_text_makes_a_page(text: str) -> None:
    page(text)
    for passage in passages(text):
        assert source(text, passage.first, passage.end) in text


def test_a_line_of_marks_is_looked_at_quickly() -> None:
    assert selected("#" * 5000 + "! Boats", 0, 1, "Boats") == "Boats"
