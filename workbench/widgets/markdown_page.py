"""A Markdown document as a page that can do no harm, and the way back from what is selected on it to its source."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Of a longer document the first part is shown; as many lines of text fill a few hundred screens.
SHOWN = 400_000
_WORDS = 12
# What a rendered page leaves out: marks of emphasis, headings, lists, quotes, tables, escapes, and where links lead.
_MARKS = re.compile(r"\]\([^)\s]*(?:\s+\"[^\"\n]*\")?\)|\]\[[^\]\n]*\]|\d{1,9}[.)](?=\s)|[\s*_`~#>|\[\]!\\+:=-]")
# Possessive, so that a line of nothing but marks takes no longer than another.
_LINE_START = re.compile(r"[ \t]*+(?:(?:#++|>|[-*+|]|\d{1,9}[.)])[ \t]*+)*+[*_`~\[!]*+")
_OPENING = re.compile(r"[*_`~\[!]*\Z")
_CLOSING = re.compile(r"(?:[*_`~]|\]\([^)\n]*\)|\]\[[^\]\n]*\])*")


@dataclass(frozen=True)
class Passage:
    """Lines of a document, `first` counted from 0 and `end` behind the last; `title` is how a list names it."""

    first: int
    end: int
    title: str


@lru_cache(maxsize=8)
def page(text: str) -> str:
    """HTML in which each block says from which lines it comes; links, pictures and HTML of the document are text."""
    shown = text[:SHOWN]
    more = "" if len(shown) == len(text) else "<p><i>The document goes on; its first part is shown.</i></p>"
    reader = _reader()
    tokens = reader.parse(shown)
    for token in tokens:
        if token.map and token.nesting >= 0 and token.type != "inline":
            token.attrSet("data-first", str(token.map[0]))
            token.attrSet("data-end", str(token.map[1]))
    return str(reader.renderer.render(tokens, reader.options, {})) + more


@lru_cache(maxsize=8)
def passages(text: str) -> tuple[Passage, ...]:
    """The outermost blocks of what is shown, in reading order: headings, paragraphs, lists, tables."""
    lines = text.split("\n")
    found: list[Passage] = []
    for token in _reader().parse(text[:SHOWN]):
        if token.level == 0 and token.map:
            first, end = token.map
            found.append(Passage(first, end, _title(token.type, lines[first:end])))
    return tuple(found)


def source(text: str, first: int, end: int) -> str:
    """Those lines as they stand in the document, without blank ones around them."""
    return "\n".join(text.split("\n")[first:end]).strip("\n")


def selected(text: str, first: int, end: int, words: str) -> str:
    """The source of the words that were selected on the page within those lines; all of the lines where it is not sure.

    Whole words are taken, and the marks around them: emphasis, the sign of a heading or of a list's item.
    """
    lines = source(text, first, end)
    letters = "".join(words.split())
    for start in range(len(lines)) if letters else ():
        if lines[start] == letters[0] and (stop := _end(lines, start, letters)):
            return _whole(lines, start, stop)
    return lines


def _end(lines: str, start: int, letters: str) -> int:
    """Behind the last of the letters, if they follow each other with nothing between but blanks and marks; else 0."""
    at = start
    for letter in letters:
        while at < len(lines) and lines[at] != letter:
            mark = _MARKS.match(lines, at)
            if not mark:
                return 0
            at = mark.end()
        at += 1
    return at if at <= len(lines) else 0


def _whole(lines: str, start: int, stop: int) -> str:
    while start > 0 and lines[start].isalnum() and lines[start - 1].isalnum():
        start -= 1
    while stop < len(lines) and lines[stop - 1].isalnum() and lines[stop].isalnum():
        stop += 1
    line = lines.rfind("\n", 0, start) + 1
    head = lines[line:start]
    start = line if _LINE_START.fullmatch(head) else start - len(_OPENING.search(head)[0])  # type: ignore[index]
    return lines[start : _CLOSING.match(lines, stop).end()]  # type: ignore[union-attr]


def _title(kind: str, lines: Sequence[str]) -> str:
    words = " ".join(lines).split()
    short = " ".join(words[:_WORDS]) + (" …" if len(words) > _WORDS else "")
    return short if kind == "heading_open" else f"    {short}"


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    rules = {"link_open": _link_open, "link_close": _link_close, "image": _image}
    for name, rule in rules.items():
        reader.add_render_rule(name, rule)
    return reader


def _link_open(renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    return f'<span class="workbench-link" title="{escape(str(tokens[place].attrGet("href") or ""))}">'


def _link_close(renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    return "</span>"


def _image(renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    return f'<span class="workbench-link">[picture: {escape(tokens[place].content)}]</span>'
