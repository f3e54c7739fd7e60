"""How the fields of a leaf other than its seed examples changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_LONGEST = 2000


@dataclass(frozen=True)
class FieldChange:
    """`name` reads `task_description` or `document.commit`; the texts are empty where the field was, or is, missing."""

    name: str
    before: str
    after: str


def compare_fields(before: object, after: object) -> tuple[FieldChange, ...]:
    """Of the contents of two qna.yaml, in the order of the one as it is now; fields that went are at the end."""
    old, new = dict(_fields(before)), dict(_fields(after))
    names = [*new, *(name for name in old if name not in new)]
    return tuple(FieldChange(name, old.get(name, ""), new.get(name, "")) for name in names if _differ(name, old, new))


def _differ(name: str, old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    return old.get(name) != new.get(name)


def _fields(contents: object) -> Iterator[tuple[str, str]]:
    if not isinstance(contents, Mapping):
        return
    for key, value in contents.items():
        if key == "document" and isinstance(value, Mapping):
            yield from ((f"document.{inner}", _text(part)) for inner, part in value.items())
        elif key != "seed_examples":
            yield str(key), _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value[:100])[:_LONGEST]
    return str(value)[:_LONGEST]
