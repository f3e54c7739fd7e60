"""Changes of a text by place, put in all at once."""

from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[object, ...]


@dataclass(frozen=True)
class Edit:
    """`new` takes the place of what is between `start` and `end`; `path` leads to the value it is for."""

    start: int
    end: int
    new: str
    path: Path = ()


class CannotSpliceError(Exception):
    """The change cannot be made inside a value; the whole of it has to be written anew."""


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """What is put in where something else is cut out stays; parts cut out twice are cut out once."""
    pieces: list[str] = []
    done = 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        pieces.append(text[done : edit.start])
        if edit.start == edit.end or edit.start >= done:
            pieces.append(edit.new)
        done = max(done, edit.end)
    return "".join([*pieces, text[done:]])
