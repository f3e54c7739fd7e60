"""Changes of leaves as HTML: readable without colours and by a screen reader."""

from collections.abc import Iterable, Iterator
from html import escape

from workbench.taxonomy.leaf_changes import LeafChange
from workbench.taxonomy.markup import table
from workbench.taxonomy.printable import printable, printable_lines
from workbench.taxonomy.qna import SeedExample
from workbench.taxonomy.seed_changes import compare_texts
from workbench.taxonomy.word_changes import compare_words, shorten

_HEADS = ("Leaf", "What happened", "Kind", "Version", "Changes")
_TAGS = {"same": "span", "removed": "del", "added": "ins"}


def leaves_html(leaves: Iterable[LeafChange]) -> str:
    """A table of the leaves, and below it what changed in those that were there before."""
    listed = list(leaves)
    if not listed:
        return ""
    rows = ((one.path, one.status + _was(one), one.kind, one.version or "-", one.summary) for one in listed)
    details = (_details(one) for one in listed if one.documents or not one.new)
    return "".join([table("", _HEADS, rows), *details])


def page(title: str, body: str) -> str:
    """A whole document, to be opened in a browser."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title>'
    style = "<style>body{font-family:sans-serif;max-width:60em;margin:2em auto}td,th{padding:0 1em .3em 0}</style>"
    return f'<!doctype html>\n<html lang="en"><head>{head}{style}</head><body>{body}</body></html>'


def _details(change: LeafChange) -> str:
    items = "".join(f"<li>{item}</li>" for item in _items(change))
    if not items:
        return ""
    head = f"<summary>{_plain(change.path)}: {escape(change.summary)}</summary>"
    return f"<details open>{head}<ul>{items}</ul></details>"


def _items(change: LeafChange) -> Iterator[str]:
    if not change.new:
        yield from (_edit(field.name, field.before, field.after) for field in change.fields)
        for old, new in change.seeds.edited:
            edits = "".join(f"<li>{_edit(text.name, text.before, text.after)}</li>" for text in compare_texts(old, new))
            yield f"seed example edited, line {new.line}<ul>{edits}</ul>"
        yield from (_whole(f"seed example added, line {seed.line}", seed, "ins") for seed in change.seeds.added)
        yield from (_whole(f"seed example removed, was line {seed.line}", seed, "del") for seed in change.seeds.removed)
    if change.documents:
        yield "documents: " + ", ".join(_plain(file.name) for file in change.documents)


def _edit(name: str, before: str, after: str) -> str:
    pieces = shorten(compare_words(before, after))
    shown = "".join(f"<{_TAGS[one.kind]}>{_lines(one.text)}</{_TAGS[one.kind]}>" for one in pieces)
    return f"{_plain(name)}: {shown}"


def _whole(head: str, seed: SeedExample, tag: str) -> str:
    texts = [("context", seed.context)] if seed.context else []
    for pair in seed.pairs:
        texts += [("question", pair.question), ("answer", pair.answer)]
    items = "".join(f"<li>{name}: <{tag}>{_lines(text)}</{tag}></li>" for name, text in texts)
    return f"{head}<ul>{items}</ul>"


def _was(change: LeafChange) -> str:
    return f" (was {change.previous})" if change.previous else ""


def _plain(text: str) -> str:
    return escape(printable(text))


def _lines(text: str) -> str:
    return escape(printable_lines(text)).replace("\n", "<br>")
