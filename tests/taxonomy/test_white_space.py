import pytest
import yaml

from workbench.taxonomy.white_space import (
    UNREADABLE,
    contents_of,
    plain_breaks,
    with_few_empty_lines,
    with_last_break,
    without_blanks_at_ends,
    without_tabs,
)


def test_what_cannot_be_read_has_no_contents() -> None:
    assert contents_of("a: b: c\n") is UNREADABLE
    assert contents_of("a: 1\n") == {"a": 1}


def test_line_ends_and_byte_order_marks_go() -> None:
    assert plain_breaks("\ufeffa: 1\r\nb: 2\rc: 3\n") == "a: 1\nb: 2\nc: 3\n"


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("a:\n\t- b\n\t- c\n", "a:\n  - b\n  - c\n"),
        ("a:\n\tb:\n\t\tc: d\n", "a:\n  b:\n    c: d\n"),
        ("a:\n  - b\n\t- c\n", "a:\n  - b\n\t- c\n"),
        ("a: |\n  x\n\ty\n", "a: |\n  x\n\ty\n"),
        ("a: |\n  x\n  \ty\n", "a: |\n  x\n  \ty\n"),
        ("a:\tb\n", "a:\tb\n"),
        ("a:\n\t- b: c: d\n", "a:\n\t- b: c: d\n"),
    ],
)
def test_tabs_go_where_only_one_thing_can_be_meant(text: str, mended: str) -> None:
    assert without_tabs(text) == mended


@pytest.mark.parametrize(
    ("text", "mended", "changed"),
    [
        ("a: b  \nc: d\t\n", "a: b\nc: d\n", []),
        ("a: |\n  b  \n   \n  c\n", "a: |\n  b\n\n  c\n", [".a"]),
        ("a: 'b  \n  c'\n", "a: 'b\n  c'\n", []),
        ('a: "b\\  \n  c"\nd: e \n', 'a: "b\\  \n  c"\nd: e\n', []),
        ("a: [{b: |x}]  \n", "a: [{b: |x}]\n", []),
    ],
)
def test_blanks_at_the_ends_of_lines_go(text: str, mended: str, changed: list[str]) -> None:
    assert without_blanks_at_ends(text) == (mended, changed)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("\n\na: b\n\n\n\n\nc: d\n\n\n", "a: b\n\n\nc: d\n"),
        ("a: |\n  b\n\n\n\n\n  c\n\n\n\n\nd: e\n", "a: |\n  b\n\n\n\n\n  c\n\n\nd: e\n"),
        ("a: |+\n  b\n\n\n", "a: |+\n  b\n\n\n"),
        ("a: b: c\n\n\n\n\n", "a: b: c\n\n\n\n\n"),
    ],
)
def test_empty_lines_go_unless_they_belong_to_a_text(text: str, mended: str) -> None:
    assert with_few_empty_lines(text) == mended


@pytest.mark.parametrize(
    ("text", "mended"),
    [("a: b", "a: b\n"), ("a: |\n  b", "a: |-\n  b\n"), ("a: >\n  b", "a: >-\n  b\n"), ("a: b\n", "a: b\n"), ("", "")],
)
def test_a_file_ends_with_a_line_break_without_changing_a_text(text: str, mended: str) -> None:
    assert with_last_break(text) == mended
    assert yaml.safe_load(text) == yaml.safe_load(mended)
