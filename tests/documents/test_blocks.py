from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.documents.blocks import sections

TEXT = """Lead.

# Piers

Intro of
two lines.

## Velmar Pier

- one
  more
- two

| Name | Year |
| --- | --- |
| A | 1 |

### Deep

```text
# no heading
```

|===
|Name |Year

|B |2
|===

Setext
------

[a]: https://example.org
"""


def test_headings_carry_their_path() -> None:
    assert [(section.level, section.path) for section in sections(TEXT)] == [
        (0, ()),
        (1, ("Piers",)),
        (2, ("Piers", "Velmar Pier")),
        (3, ("Piers", "Velmar Pier", "Deep")),
        (2, ("Piers", "Setext")),
    ]


def test_blocks_know_where_they_may_be_cut() -> None:
    found = sections(TEXT)
    assert [(block.kind, len(block.parts)) for block in found[2].blocks] == [("list", 2), ("table", 3)]
    assert found[2].blocks[0].parts == ("- one\n  more", "- two")
    assert [block.kind for block in found[3].blocks][:2] == ["code", "table"]


def test_a_section_s_text_begins_with_its_heading() -> None:
    found = sections(TEXT)
    assert found[1].text == "# Piers\n\nIntro of\ntwo lines."
    assert found[4].text == "Setext\n------\n\n[a]: https://example.org"


@settings(deadline=None)
@given(st.lists(st.sampled_from(["# A", "## B", "text here", "", "- item", "| a | b |", "|---|---|", "```", "> q"])))
def test_no_line_is_lost_and_none_is_repeated(lines: list[str]) -> None:
    kept = "\n".join(section.text for section in sections("\n".join(lines)))
    assert [line.strip() for line in kept.split("\n") if line.strip()] == [line for line in lines if line]
