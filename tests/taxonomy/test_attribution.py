from pathlib import Path

import pytest

from workbench.errors import TaxonomyError
from workbench.taxonomy.attribution import Attribution, parse_attribution, read_attribution, write_attribution

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
