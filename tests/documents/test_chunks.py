import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.documents.chunks import Chunk, divide, split
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


def test_what_could_not_be_kept_is_counted() -> None:
    table = "| A | B |\n| - | - |\n" + "\n".join(f"| N{row} | {row} |" for row in range(60))
    text = f"# Only a title\n\n# Other\n\n{table}\n\n```\n{WORDS}\n{WORDS}\n{WORDS}\n```\n\n{WORDS} {WORDS}.\n\n# Last"
    found = divide(Document("a.md", text), ChunkOptions(max_tokens=120), count)
    assert found.lost == {
        "code blocks cut between lines": 1,
        "headings without text": 1,
        "sentences cut between words": 1,
        "tables cut between lines": 1,
    }
    assert divide(Document("a.md", "# A\n\nText."), ChunkOptions(), count).lost == {}


def test_an_overlap_repeats_the_last_sentences_behind_a_shared_heading() -> None:
    text = "# Piers\n\n" + " ".join(f"Pier {number} is made of oak and stone." for number in range(12))
    chunks = split(Document("a.md", text), ChunkOptions(max_tokens=40, overlap=12), count)
    assert len(chunks) > 2
    for before, after in pairwise(chunks):
        assert before.text.startswith("# Piers\n\n")
        assert after.text.startswith(f"# Piers\n\nPier {int(before.text.rpartition('Pier ')[2].split()[0])} ")
        assert after.tokens <= 40


def test_an_overlap_never_leads_from_one_subject_to_another_and_cuts_no_table() -> None:
    text = (
        f"## A\n\n{WORDS}. Last of A.\n\n## B\n\nFirst of B.\n\n## C\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n## D\n\nEnd."
    )
    options = ChunkOptions(max_tokens=150, overlap=20, one_section=True)
    for chunk in split(Document("a.md", text), options, count):
        assert ("Last of A" in chunk.text) == (chunk.headings == ("A",))
    whole = split(Document("a.md", text.replace("## D", "# D")), ChunkOptions(max_tokens=20, overlap=8), count)
    assert sum("| 1 | 2 |" in chunk.text for chunk in whole) == 1


def test_an_overlap_of_more_than_half_is_refused() -> None:
    with pytest.raises(OptionsError, match="overlap is 30"):
        split(Document("a.md", "x"), ChunkOptions(max_tokens=40, overlap=30), count)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["# Ab", "Some text. More of it. And more.", "", "- item", "|a|b|", "|-|-|", "x" * 90])),
    st.integers(0, 20),
)
def test_with_an_overlap_no_chunk_is_longer_and_nothing_is_lost(lines: list[str], overlap: int) -> None:
    document = Document("a.md", "\n".join(lines))
    plain = split(document, ChunkOptions(max_tokens=40 - overlap), len_in_fours)
    chunks = split(document, ChunkOptions(max_tokens=40, overlap=overlap), len_in_fours)
    assert len(chunks) == len(plain)
    assert all(chunk.tokens <= 40 for chunk in chunks)
    for chunk, bare in zip(chunks, plain, strict=True):
        assert chunk.text.endswith(bare.text.rpartition("\n\n")[2])
