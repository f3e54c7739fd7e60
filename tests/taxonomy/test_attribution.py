from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import TaxonomyError
from workbench.taxonomy.attribution import (
    Attribution,
    parse_attribution,
    read_attribution,
    splice_attribution,
    write_attribution,
)

FULL = Attribution("A work", "https://example.org", "https://example.org/1", "CC-BY-4.0", "A, B", ("Modified: yes",))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_attribution(tmp_path / "attribution.txt", FULL)
    assert read_attribution(tmp_path / "attribution.txt") == FULL
    assert FULL.text().splitlines()[0] == "Title of work: A work"
    assert not FULL.missing


def test_other_spellings_of_the_keys_are_read() -> None:
    text = "title: A\n- LINK TO WORK : b\nLicence: MIT\nCreated by: C\nCopyright 2025\n\ntitle: B\n"
    assert parse_attribution(text) == Attribution(
        title="A", link="b", licence="MIT", creators="C", rest=("Copyright 2025", "title: B")
    )


def test_what_is_missing_is_named_as_it_is_written() -> None:
    assert parse_attribution("Title of work: A").missing == ("Link to work", "License of the work", "Creator names")


def test_a_value_of_two_lines_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="title has several lines"):
        write_attribution(tmp_path / "a.txt", Attribution(title="A\nLink: b"))
    assert not (tmp_path / "a.txt").exists()


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="cannot be read"):
        read_attribution(tmp_path / "attribution.txt")


WRITTEN = """# whose work this is

- Title of work:   A mill
License: MIT
Link to work: -

Copyright 2025 The miller
Created by: The miller
title: Another
"""


def test_without_a_change_no_byte_changes() -> None:
    for text in (WRITTEN, WRITTEN.replace("\n", "\r\n"), WRITTEN.rstrip("\n"), FULL.text()):
        assert splice_attribution(text, parse_attribution(text)) == text


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({"title": "B"}, {2: "- Title of work:   B"}),
        ({"licence": "CC0-1.0", "creators": "A, B"}, {3: "License: CC0-1.0", 7: "Created by: A, B"}),
        ({"link": ""}, {4: None}),
        ({"revision": "https://example.org/2"}, {4: "Link to work: -\nRevision: https://example.org/2"}),
        ({"rest": ("# whose work this is", "title: Another")}, {6: None}),
        (
            {"rest": ("# mine", "Copyright 2025 The miller", "title: Another", "x")},
            {0: "# mine", 8: "title: Another\nx"},
        ),
    ],
)
def test_a_changed_field_changes_its_own_line(change: dict[str, Any], lines: dict[int, str | None]) -> None:
    for text in (WRITTEN, WRITTEN.replace("\n", "\r\n")):
        wanted = replace(parse_attribution(text), **change)
        expected = [lines.get(number, line) for number, line in enumerate(WRITTEN.split("\n"))]
        made = splice_attribution(text, wanted)
        assert made.replace("\r\n", "\n") == "\n".join(line for line in expected if line is not None)
        assert ("\r\n" in made) == ("\r\n" in text)
        assert parse_attribution(made) == wanted


def test_a_file_that_is_there_is_changed_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "attribution.txt"
    path.write_bytes(b"\xef\xbb\xbf" + WRITTEN.encode())
    write_attribution(path, replace(read_attribution(path), title="B"))
    assert path.read_bytes() == b"\xef\xbb\xbf" + WRITTEN.replace("A mill", "B").encode()
    path.write_bytes(b"\xff")
    write_attribution(path, FULL)
    assert read_attribution(path) == FULL


values = st.text("ab :-#", max_size=6).map(str.strip)
lines = st.lists(st.text("abT:- ", max_size=8) | st.sampled_from(["Title: x", "Link: y", "License: z"]), max_size=8)


@settings(deadline=None)
@given(lines, values, values, values, st.lists(st.text("ab", min_size=1, max_size=4), max_size=3))
def test_whatever_stands_there_the_new_values_are_read(
    there: list[str], title: str, link: str, creators: str, rest: list[str]
) -> None:
    wanted = Attribution(title=title, link=link, creators=creators, rest=tuple(rest))
    assert parse_attribution(splice_attribution("\n".join(there), wanted)) == wanted
