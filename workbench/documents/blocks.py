"""A Markdown text as sections of blocks: each heading opens a section, each paragraph, list, table or fence is a block.

Every line of the text belongs to exactly one heading or block.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

_KINDS = {
    "heading_open": "heading",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "table_open": "table",
    "fence": "code",
    "code_block": "code",
    "html_block": "code",
}
# An AsciiDoc table is a paragraph to Markdown, yet nobody wants it cut.
_ASCIIDOC_TABLE = "|==="


@dataclass(frozen=True)
class Block:
    """`kind` is paragraph, list, table or code; `parts` are the places where its text may be cut: items or rows."""

    kind: str
    text: str
    parts: tuple[str, ...] = ()


@dataclass
class Section:
    """`heading` is the heading's own source, empty before the first one; `path` are the titles down to this section."""

    level: int
    path: tuple[str, ...]
    heading: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def text(self) -> str:
        return join([self.heading, *(block.text for block in self.blocks)])


def join(texts: Sequence[str]) -> str:
    """Blocks with a blank line between them."""
    return "\n\n".join(text for text in texts if text)


def sections(text: str) -> list[Section]:
    """In reading order; the first has no heading and is left out when it is empty."""
    lines = text.split("\n")
    spans = list(_spans(text, len(lines)))
    found = [Section(0, (), "")]
    _add_rest(found[0], lines[: spans[0][2] if spans else len(lines)])
    for token, children, start, end in spans:
        if token.type == "heading_open":
            found.append(_section(found, token, children[0].content))
            behind = (token.map or [start, start])[1]
            found[-1].heading = "\n".join(lines[start:behind]).strip()
            _add_rest(found[-1], lines[behind:end])
        else:
            source = "\n".join(lines[start:end]).rstrip()
            found[-1].blocks.append(_block(token, children, start, source))
    return found if found[0].blocks else found[1:]


def _spans(text: str, length: int) -> Iterator[tuple[Token, list[Token], int, int]]:
    """Each outermost token with the tokens inside it and its lines: from its own first to where the next one starts."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    opened = [(place, token.map[0]) for place, token in enumerate(tokens) if token.level == 0 and token.map]
    for (place, start), (following, end) in pairwise([*opened, (len(tokens), length)]):
        yield tokens[place], tokens[place + 1 : following], start, end


def _section(earlier: Sequence[Section], token: Token, title: str) -> Section:
    level = int(token.tag[1:])
    parent = next(section for section in reversed(earlier) if section.level < level)
    return Section(level, (*parent.path, title), "")


def _add_rest(section: Section, lines: Sequence[str]) -> None:
    """Lines that Markdown shows nowhere, such as link definitions, are kept as a paragraph."""
    if rest := "\n".join(lines).strip():
        section.blocks.append(Block("paragraph", rest))


def _block(token: Token, children: Sequence[Token], start: int, source: str) -> Block:
    kind = "table" if source.lstrip().startswith(_ASCIIDOC_TABLE) else _KINDS.get(token.type, "paragraph")
    lines = source.split("\n")
    if kind != "list":
        return Block(kind, source, tuple(lines) if kind in ("table", "code") else ())
    starts = [
        item.map[0] - start for item in children if item.type == "list_item_open" and item.level == 1 and item.map
    ]
    items = ("\n".join(lines[first:end]).rstrip() for first, end in zip(starts, [*starts[1:], len(lines)], strict=True))
    return Block(kind, source, tuple(items))
