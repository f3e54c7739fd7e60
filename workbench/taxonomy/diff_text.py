"""Changes of leaves as lines of text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import indent

from workbench.taxonomy.leaf_changes import LeafChange
from workbench.taxonomy.printable import printable, printable_lines
from workbench.taxonomy.qna import SeedExample
from workbench.taxonomy.seed_changes import compare_texts
from workbench.taxonomy.word_changes import compare_words, shorten

# Of an example that is new or gone; the file itself shows the rest.
_SHOWN = 300


@dataclass(frozen=True)
class Marks:
    """What stands around words that were removed and added."""

    removed: tuple[str, str] = ("[-", "-]")
    added: tuple[str, str] = ("{+", "+}")


PLAIN = Marks()
# Struck through and underlined, so that nothing is told by colour alone.
COLOURED = Marks(("\x1b[31;9m", "\x1b[0m"), ("\x1b[32;4m", "\x1b[0m"))


def leaf_line(change: LeafChange) -> str:
    """`modified   knowledge  knowledge/town (seeds: 1 edited)`."""
    was = f" (was {printable(change.previous)})" if change.previous else ""
    return f"{change.status:<10} {change.kind:<10} {printable(change.path)}{was} ({change.summary})"


def leaf_text(change: LeafChange, marks: Marks = PLAIN) -> str:
    """The line, and below it what changed in a leaf that was there before, and which documents were found."""
    lines = [leaf_line(change)]
    if not change.new:
        lines += [indent(text, "    ") for text in _changes(change, marks)]
    if change.documents:
        names = ", ".join(printable(file.name) for file in change.documents)
        lines.append(f"    documents: {names}")
    return "\n".join(lines)


def _changes(change: LeafChange, marks: Marks) -> Iterator[str]:
    for field in change.fields:
        yield f"~ {_edit(field.name, field.before, field.after, marks)}"
    for old, new in change.seeds.edited:
        edits = [_edit(text.name, text.before, text.after, marks) for text in compare_texts(old, new)]
        yield "\n".join([f"~ seed example, line {new.line}", *(indent(edit, "    ") for edit in edits)])
    yield from (_whole("+ seed example", seed, f", line {seed.line}") for seed in change.seeds.added)
    yield from (_whole("- seed example", seed, f", was line {seed.line}") for seed in change.seeds.removed)


def _edit(name: str, before: str, after: str, marks: Marks) -> str:
    parts = []
    for piece in shorten(compare_words(before, after)):
        start, end = {"same": ("", ""), "removed": marks.removed, "added": marks.added}[piece.kind]
        parts.append(f"{start}{printable_lines(piece.text)}{end}")
    return _named(printable(name), "".join(parts))


def _whole(head: str, seed: SeedExample, where: str) -> str:
    texts: Sequence[tuple[str, str]] = [("context", seed.context)] if seed.context else []
    texts = [*texts, *((name, text) for pair in seed.pairs for name, text in _pair(pair.question, pair.answer))]
    return "\n".join([f"{head}{where}", *(indent(_named(name, _cut(text)), "    ") for name, text in texts)])


def _pair(question: str, answer: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("question", question), ("answer", answer)


def _named(name: str, text: str) -> str:
    """One line after the name, or several below it."""
    text = text.rstrip("\n")
    return f"{name}:\n{indent(text, '    ')}" if "\n" in text else f"{name}: {text}"


def _cut(text: str) -> str:
    shown = printable_lines(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN].rstrip()}…"
