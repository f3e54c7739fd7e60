"""Two texts word by word: what was taken out, what was put in, and what stayed."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import LCSseq

_WORDS = re.compile(r"\s+(?=\S)|\S+|\s+")
# Beyond so many words texts are shown as taken out and put in whole, as they are where little of them stayed.
_MOST_WORDS = 6000
_LITTLE = 0.4
_KEPT_AROUND = 12

PieceKind = Literal["same", "removed", "added"]


@dataclass(frozen=True)
class Piece:
    """Some words with the blanks between them."""

    kind: PieceKind
    text: str


def compare_words(before: str, after: str) -> tuple[Piece, ...]:
    """In reading order; a change shows what was removed before what was added."""
    if before == after:
        return (Piece("same", after),) if after else ()
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > _MOST_WORDS or LCSseq.normalized_similarity(old, new) < _LITTLE:
        return tuple(_joined([("removed", before), ("added", after)]))
    return tuple(_joined(_steps(old, new)))


def shorten(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """What stayed is cut to a few words beside each change; `…` stands for the rest."""
    listed = list(pieces)
    shortened = []
    for place, piece in enumerate(listed):
        words = _WORDS.findall(piece.text)
        if piece.kind == "same" and len(words) > 3 * _KEPT_AROUND:
            head = "".join(words[:_KEPT_AROUND]) if place else ""
            tail = "".join(words[-_KEPT_AROUND:]) if place < len(listed) - 1 else ""
            piece = Piece("same", f"{head}…{tail}")
        shortened.append(piece)
    return tuple(shortened)


def _steps(old: list[str], new: list[str]) -> Iterator[tuple[PieceKind, str]]:
    """A blank between two words that changed changes with them."""
    removed: list[str] = []
    added: list[str] = []
    for step in LCSseq.opcodes(old, new):
        gone, come = old[step.src_start : step.src_end], new[step.dest_start : step.dest_end]
        between = (removed or added) and step.src_end < len(old) and not "".join(gone).strip()
        if step.tag != "equal" or between:
            removed += gone
            added += come
        else:
            yield "removed", "".join(removed)
            yield "added", "".join(added)
            yield "same", "".join(gone)
            removed, added = [], []
    yield "removed", "".join(removed)
    yield "added", "".join(added)


def _joined(steps: Iterable[tuple[PieceKind, str]]) -> Iterator[Piece]:
    return (Piece(kind, text) for kind, text in steps if text)
