"""Values written as YAML in house style: blocks, one line a text, two blanks a level, lists indented."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.errors import TaxonomyError
from workbench.taxonomy.yaml_scalars import inline, key_text, literal

_DEEPEST = 64


@dataclass(frozen=True)
class Habits:
    """How a file is written: blanks a level, and whether lists are indented.

    `blocks` says whether texts may be blocks, `keep` whether these may end in empty lines.
    """

    step: int = 2
    indented: bool = True
    blocks: bool = True
    keep: bool = True


HOUSE = Habits()


def is_collection(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple | set | frozenset)


def written(value: Any, column: int, habits: Habits, *, item: bool = False) -> tuple[str, list[str]]:
    """What stands on the line of a key, or of a hyphen, in `column`, and the lines below it.

    A group or list that is an item begins on the hyphen's line; those of a key begin below it.
    """
    if isinstance(value, str):
        block = literal(value, keep=habits.keep) if habits.blocks else None
        if not block:
            return inline(value), []
        margin = " " * (column + habits.step)
        return block[0], [margin + line if line else "" for line in block[1]]
    if not is_collection(value):
        return inline(value), []
    if not value or isinstance(value, set | frozenset):
        return flow_text(value), []
    if item:
        lines = block_lines(value, column + 2, habits)
        return lines[0].lstrip(" "), lines[1:]
    inner = column + (habits.step if habits.indented or isinstance(value, Mapping) else 0)
    return "", block_lines(value, inner, habits)


def block_lines(value: Any, column: int, habits: Habits) -> list[str]:
    """The lines of a group of keys or of a list that begins in the column; neither is empty."""
    lines: list[str] = []
    entries = value.items() if isinstance(value, Mapping) else ((None, item) for item in value)
    for name, item in entries:
        lead = f"{key_text(name)}:" if isinstance(value, Mapping) else "-"
        head, below = written(item, column, habits, item=lead == "-")
        lines += [" " * column + lead + (f" {head}" if head else ""), *below]
    return lines


def flow_text(value: Any) -> str:
    """On one line, between brackets."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key_text(name, flow=True)}: {flow_text(one)}" for name, one in value.items()) + "}"
    if isinstance(value, set | frozenset):
        return "!!set {" + ", ".join(f"{key_text(one, flow=True)}: null" for one in sorted(value, key=repr)) + "}"
    if is_collection(value):
        return "[" + ", ".join(flow_text(one) for one in value) + "]"
    return inline(value, flow=True)


def require_shallow(value: Any, depth: int = 0) -> None:
    """TaxonomyError for what is nested too deeply to be read again, which includes what contains itself."""
    if depth > _DEEPEST:
        raise TaxonomyError(f"values are nested more than {_DEEPEST} levels deep", hint="a qna.yaml is flat")
    if isinstance(value, Mapping):
        for item in value.values():
            require_shallow(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            require_shallow(item, depth + 1)
