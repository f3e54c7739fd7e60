import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.documents.chunks import Chunk, split
from workbench.documents.convert import Document
from workbench.documents.options import ChunkOptions
from workbench.errors import OptionsError

WORDS = " ".join(f"word{number}" for number in range(99))


def count(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))


def _split(text: str, max_tokens: int = 120, *, one_section: bool = False) -> list[Chunk]:
    return split(Document("a.md", text), ChunkOptions(max_tokens=max_tokens, one_section=one_section), count)


def test_one_chunk_for_each_entity_of_a_titled_document() -> None:
    names = [f"Entity {letter}" for letter in "ABCDEF"]
    text = "# Title\n\n" + "\n\n".join(f"## {name}\n\n{WORDS}." for name in names)
    chunks = _split(text, one_section=True)
    assert [chunk.text.split("\n")[0] for chunk in chunks] == [f"## {name}" for name in names]
    assert [chunk.headings for chunk in chunks] == [("Title", name) for name in names]
    assert [chunk.ordinal for chunk in chunks] == list(range(6))
    assert all(chunk.tokens == count(chunk.text) <= 120 for chunk in chunks)


def test_short_sections_stay_apart_only_when_asked() -> None:
    text = "# Title\n\n## A\n\nOne.\n\n## B\n\nTwo.\n"
    assert [chunk.text for chunk in _split(text, one_section=True)] == ["## A\n\nOne.", "## B\n\nTwo."]
    [whole] = _split(text)
    assert whole.text == text.strip()
    assert whole.headings == ("Title",)


def test_an_introduction_is_a_chunk_of_its_own() -> None:
    text = "# Title\n\nIntro.\n\n## A\n\nOne.\n\n## B\n\nTwo."
    assert [chunk.headings for chunk in _split(text, one_section=True)] == [("Title",), ("Title", "A"), ("Title", "B")]


def test_details_stay_with_their_entity_while_they_fit() -> None:
    text = "## A\n\nOne.\n\n### More\n\nDetail.\n\n## B\n\nTwo."
    assert len(_split(text, one_section=True)) == 2


def test_a_long_section_is_cut_at_paragraphs_under_its_heading() -> None:
    text = f"## A\n\n{WORDS}.\n\n{WORDS}.\n\nShort one. Short two."
    chunks = _split(text)
    assert [chunk.text.split("\n")[0] for chunk in chunks] == ["## A"] * 2
    assert chunks[1].text.endswith("Short one. Short two.")


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    text = " ".join(f"Sentence {number} was said by Dr. Vorn of St. Ilar." for number in range(40))
    chunks = _split(text, 60)
    assert all(chunk.text.endswith("Ilar.") and chunk.text.startswith("Sentence") for chunk in chunks)


def test_a_table_that_fits_is_kept_whole() -> None:
    table = "| Name | Year |\n| --- | --- |\n" + "\n".join(f"| N{row} | {row} |" for row in range(15))
    chunks = _split(f"{WORDS}.\n\n{table}")
    assert [chunk.text for chunk in chunks] == [f"{WORDS}.", table]


@pytest.mark.parametrize(
    ("head", "foot"),
    [("| Name | Year |\n| --- | --- |", ""), ("|===\n|Name |Year", "\n|==="), ("```text", "\n```")],
)
def test_what_cannot_be_kept_whole_repeats_its_frame(head: str, foot: str) -> None:
    body = [f"| N{row} | {row} |" for row in range(60)]
    chunks = _split(f"{head}\n" + "\n".join(body) + foot)
    assert len(chunks) > 1
    assert all(chunk.text.startswith(head) and chunk.text.endswith(foot) for chunk in chunks)
    assert [line for chunk in chunks for line in chunk.text.split("\n") if re.match(r"\| N\d", line)] == body


def test_a_heading_without_text_is_no_chunk() -> None:
    assert _split("# Only a title\n") == []
    assert _split("") == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["# Ab", "## Bc", "Some text. More.", "", "- item", "|a|b|", "|-|-|", "```", "x" * 90])),
    st.integers(8, 40),
    st.booleans(),
)
def test_every_letter_is_kept_within_the_limit(lines: list[str], limit: int, one_section: bool) -> None:
    chunks = split(
        Document("a.md", "\n".join(lines)), ChunkOptions(max_tokens=limit, one_section=one_section), len_in_fours
    )
    assert all(chunk.tokens <= limit for chunk in chunks)
    for line in ("x" * 90, "- item"):
        letters = "".join(chunk.text for chunk in chunks)
        assert letters.count(line[0]) >= lines.count(line) * line.count(line[0])


def len_in_fours(text: str) -> int:
    return -(-len(text) // 4)


def test_a_limit_below_any_text_is_refused() -> None:
    with pytest.raises(OptionsError, match="at least 8"):
        ChunkOptions.parse({"max_tokens": 2})
