"""A document divided into chunks that fit a model: at headings first, then between blocks, then between sentences.

Tables and fenced code are kept whole as long as one fits; a longer one is cut between its lines, and each piece
repeats the table's head or the fence. With an overlap each chunk begins with the last sentences of the one before.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise, takewhile

from workbench.documents.blocks import Block, Section, join, sections
from workbench.documents.convert import Document
from workbench.documents.options import ChunkOptions
from workbench.errors import OptionsError

CountTokens = Callable[[str], int]
Wrap = Callable[[str], str]
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[^\Wa-z_])")
_ABBREVIATION = re.compile(r"(?:\b(?:[A-Za-z]|Dr|Mr|Mrs|Ms|St|No|Prof|vs|etc|Fig|approx))\.$")
_CUT = {"table": "tables cut between lines", "code": "code blocks cut between lines"}
_NO_SENTENCES = ("#", "|", "```", "~~~", "    ", "- ", "* ")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")


@dataclass(frozen=True)
class Chunk:
    """`headings` are the titles down to where all of the text stands; `ordinal` counts from 0 in its document."""

    text: str
    headings: tuple[str, ...]
    document: str
    ordinal: int
    tokens: int


@dataclass(frozen=True)
class _Piece:
    text: str
    path: tuple[str, ...]
    # A heading without text of its own makes no chunk; it may open one.
    bare: bool


@dataclass(frozen=True)
class Chunks:
    """The chunks of a document in reading order; `lost` says what could not be kept, or not whole, and how often."""

    found: list[Chunk]
    lost: dict[str, int]


def split(document: Document, options: ChunkOptions, count_tokens: CountTokens) -> list[Chunk]:
    """The chunks alone."""
    return divide(document, options, count_tokens).found


def divide(document: Document, options: ChunkOptions, count_tokens: CountTokens) -> Chunks:
    """At most `max_tokens` each, in reading order.

    With `one_section` no chunk spans two subjects, and each begins with its section's heading. Subjects are the
    sections of the highest heading level that occurs twice.
    """
    if options.overlap * 2 > options.max_tokens:
        hint = "an overlap is at most half a chunk"
        raise OptionsError(f"overlap is {options.overlap}, but max_tokens {options.max_tokens}", hint=hint)
    splitter = _Splitter(options.max_tokens - options.overlap, count_tokens)
    found = sections(document.text)
    groups = _by_subject(found) if options.one_section else [found]
    pieces: list[_Piece] = []
    for group in groups:
        merged = splitter.merged(splitter.pieces(group))
        splitter.lost["headings without text"] += sum(piece.bare for piece in merged)
        kept = [piece for piece in merged if not piece.bare]
        pieces += _overlapping(kept, options, count_tokens) if options.overlap else kept
    chunks = [
        Chunk(piece.text, piece.path, document.name, ordinal, count_tokens(piece.text))
        for ordinal, piece in enumerate(pieces)
    ]
    return Chunks(chunks, {reason: count for reason, count in sorted(splitter.lost.items()) if count})


def _overlapping(pieces: Sequence[_Piece], options: ChunkOptions, count: CountTokens) -> list[_Piece]:
    """Each with the end of the one before, behind a heading that they share; tables and code are not cut for that."""
    found = list(pieces[:1])
    for before, piece in pairwise(pieces):
        tail = _tail(before.text, options.overlap, count)
        head, _, rest = piece.text.partition("\n\n")
        shared = bool(rest) and head.startswith("#") and before.text.startswith(f"{head}\n\n")
        text = join([head, tail, rest] if shared else [tail, piece.text])
        found.append(replace(piece, text=text) if tail and count(text) <= options.max_tokens else piece)
    return found


def _tail(text: str, most: int, count: CountTokens) -> str:
    """The last sentences of a text that ends in a paragraph, as many as fit; nothing behind another block."""
    last = text.rpartition("\n\n")[2]
    if last.startswith(_NO_SENTENCES) or "\n|" in last:
        return ""
    tail = ""
    for sentence in reversed(_sentences(last)):
        longer = f"{sentence} {tail}".strip()
        # A blank line more stands between it and the chunk, which a tokenizer may count.
        if count(f"{longer}\n\n") > most:
            break
        tail = longer
    return tail


def _by_subject(found: Sequence[Section]) -> list[list[Section]]:
    levels = [section.level for section in found if section.level]
    level = min((level for level in levels if levels.count(level) > 1), default=max(levels, default=0))
    groups: list[list[Section]] = []
    for section in found:
        if not groups or section.level <= level:
            groups.append([])
        groups[-1].append(section)
    return groups


@dataclass(frozen=True)
class _Splitter:
    """Every method that takes `wrap` counts a text as it will stand: under its heading, inside its table's head."""

    limit: int
    count: CountTokens
    lost: Counter[str] = field(default_factory=Counter)

    def pieces(self, group: Iterable[Section]) -> Iterator[_Piece]:
        """Whole sections, and those that are too long in parts that repeat the heading."""
        for section in group:
            if self.fits(section.text):
                yield _Piece(section.text, section.path, not section.blocks)
            else:
                yield from (_Piece(text, section.path, False) for text in self.parts(section))

    def parts(self, section: Section) -> Iterator[str]:
        heading, blocks = section.heading, section.blocks
        if self.count(heading) > self.limit // 2:
            heading, blocks = "", [Block("paragraph", heading), *blocks]
        wrap: Wrap = partial(_under, heading)
        return map(wrap, self.joined((text for block in blocks for text in self.cut(block, wrap)), wrap, "\n\n"))

    def merged(self, pieces: Iterable[_Piece]) -> list[_Piece]:
        """Neighbours put together while they fit; a piece that repeats its heading is not put behind another."""
        found: list[_Piece] = []
        for piece in pieces:
            last = found[-1] if found else None
            if last and last.path != piece.path and self.fits(text := join([last.text, piece.text])):
                found[-1] = _Piece(text, _common(last.path, piece.path), last.bare and piece.bare)
            else:
                found.append(piece)
        return found

    def cut(self, block: Block, wrap: Wrap) -> Iterator[str]:
        """Texts that fit, in the coarsest grain that the block allows."""
        if self.fits(wrap(block.text)):
            yield block.text
        elif block.kind in ("table", "code"):
            self.lost[_CUT[block.kind]] += 1
            yield from self.cut_lines(block, wrap)
        elif block.parts:
            for part in block.parts:
                yield from self.cut(Block("paragraph", part), wrap)
        else:
            yield from self.joined(self.sentences(block.text, wrap), wrap, " ")

    def cut_lines(self, block: Block, wrap: Wrap) -> Iterator[str]:
        head, body, foot = _frame(block)
        if self.count(wrap("\n".join([*head, *foot]))) > self.limit // 2:
            head, body, foot = (), block.parts, ()

        def framed(text: str) -> str:
            return "\n".join([*head, text, *foot])

        def whole(text: str) -> str:
            return wrap(framed(text))

        lines = (part for line in body for part in ([line] if self.fits(whole(line)) else self.words(line, whole)))
        return map(framed, self.joined(lines, whole, "\n"))

    def sentences(self, text: str, wrap: Wrap) -> Iterator[str]:
        for sentence in _sentences(text):
            if self.fits(wrap(sentence)):
                yield sentence
            else:
                self.lost["sentences cut between words"] += 1
                yield from self.words(sentence, wrap)

    def words(self, text: str, wrap: Wrap) -> Iterator[str]:
        """As many words together as fit; a single word that does not is cut between letters."""
        letters = (part for word in text.split() for part in self.letters(word, wrap))
        return self.joined(letters, wrap, " ")

    def letters(self, word: str, wrap: Wrap) -> Iterator[str]:
        while word:
            low, high = 1, len(word)
            while low < high:
                middle = (low + high + 1) // 2
                low, high = (middle, high) if self.fits(wrap(word[:middle])) else (low, middle - 1)
            yield word[:low]
            word = word[low:]

    def joined(self, texts: Iterable[str], wrap: Wrap, glue: str) -> Iterator[str]:
        """Neighbours put together while they fit."""
        waiting = ""
        for text in texts:
            longer = f"{waiting}{glue}{text}" if waiting else text
            if waiting and not self.fits(wrap(longer)):
                yield waiting
                longer = text
            waiting = longer
        if waiting:
            yield waiting

    def fits(self, text: str) -> bool:
        return self.count(text) <= self.limit


def _under(heading: str, text: str) -> str:
    return join([heading, text])


def _common(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(left for left, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


def _sentences(text: str) -> list[str]:
    found: list[str] = []
    for sentence in (part.strip() for part in _cut_behind_stops(text)):
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] = f"{found[-1]} {sentence}"
        elif sentence:
            found.append(sentence)
    return found


def _cut_behind_stops(text: str) -> Iterator[str]:
    """Closing quotes and brackets stay with the sentence that they end."""
    start = 0
    for match in _SENTENCE.finditer(text):
        yield text[start : match.end()]
        start = match.end()
    yield text[start:]


def _frame(block: Block) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Head, body and foot of a table or fence; head and foot are repeated around each piece."""
    lines = block.parts
    if block.kind == "code":
        fenced = bool(_FENCE.match(lines[0])) and len(lines) > 2 and bool(_FENCE.match(lines[-1]))
        return (lines[:1], lines[1:-1], lines[-1:]) if fenced else ((), lines, ())
    if lines[0].startswith("|===") and len(lines) > 3:
        return lines[:2], lines[2:-1], lines[-1:]
    titled = len(lines) > 2 and "-" in lines[1] and set(lines[1]) <= set("|:- \t")
    return (lines[:2], lines[2:], ()) if titled else ((), lines, ())
