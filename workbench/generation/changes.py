"""What a stage does to rows without asking a model: columns combined, renamed, chosen, filled in; rows made of columns.

A change knows the columns that it `needs`, `writes` and `removes`, so that a flow can be checked before it runs.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from zlib import crc32

from workbench.generation.filters import RowError, unknown_keys
from workbench.generation.sentences import focus

Columns = dict[str, Any]
Texts = frozenset[str]
_NONE: Texts = frozenset()


class Change(Protocol):
    """`rows` gives the columns of each row that one row becomes, or RowError where that row cannot be changed. `turn`
    says how often the row's source has come round before."""

    @property
    def needs(self) -> Texts: ...

    @property
    def writes(self) -> Texts: ...

    @property
    def removes(self) -> Texts: ...

    def rows(self, columns: Columns, turn: int = 0) -> list[Columns]: ...


@dataclass(frozen=True)
class Combine:
    """Texts of several columns as one, with a separator between them."""

    columns: tuple[str, ...]
    separator: str
    into: str
    removes: Texts = _NONE

    @property
    def needs(self) -> Texts:
        return frozenset(self.columns)

    @property
    def writes(self) -> Texts:
        return frozenset({self.into})

    def rows(self, columns: Columns, turn: int = 0) -> list[Columns]:
        return [columns | {self.into: self.separator.join(str(columns[name]) for name in self.columns)}]


@dataclass(frozen=True)
class Rename:
    """Columns under other names; with `keeps` the old names stay, which makes copies."""

    names: Mapping[str, str]
    keeps: bool = False

    @property
    def needs(self) -> Texts:
        return frozenset(self.names)

    @property
    def writes(self) -> Texts:
        return frozenset(self.names.values())

    @property
    def removes(self) -> Texts:
        return _NONE if self.keeps else self.needs - self.writes

    def rows(self, columns: Columns, turn: int = 0) -> list[Columns]:
        left = columns if self.keeps else {name: value for name, value in columns.items() if name not in self.names}
        return [left | {new: columns[old] for old, new in self.names.items()}]


@dataclass(frozen=True)
class RowsOf:
    """A row for each of several columns: its text comes into the column `value`, its name into `name`."""

    columns: tuple[str, ...]
    value: str
    name: str

    @property
    def needs(self) -> Texts:
        return frozenset(self.columns)

    @property
    def writes(self) -> Texts:
        return frozenset({self.value, self.name})

    @property
    def removes(self) -> Texts:
        return self.needs - self.writes

    def rows(self, columns: Columns, turn: int = 0) -> list[Columns]:
        shared = {name: value for name, value in columns.items() if name not in self.columns}
        return [shared | {self.value: columns[name], self.name: name} for name in self.columns]


@dataclass(frozen=True)
class Choose:
    """The column that the value of another one names, copied into `into`."""

    by: str
    choices: Mapping[str, str]
    into: str
    removes: Texts = _NONE

    @property
    def needs(self) -> Texts:
        return frozenset({self.by, *self.choices.values()})

    @property
    def writes(self) -> Texts:
        return frozenset({self.into})

    def rows(self, columns: Columns, turn: int = 0) -> list[Columns]:
        return [columns | {self.into: columns[_entry(self.choices, columns, self.by)]}]


@dataclass(frozen=True)
class Fill:
    """Columns with fixed texts, which the value of another column selects."""

    by: str
    entries: Mapping[str, Mapping[str, Any]]
    removes: Texts = _NONE

    @property
    def needs(self) -> Texts:
        return frozenset({self.by})

    @property
    def writes(self) -> Texts:
        """Those that every entry fills: on others no later stage can rely."""
        return frozenset.intersection(*(frozenset(entry) for entry in self.entries.values()))

    def rows(self, columns: Columns, turn: int = 0) -> list[Columns]:
        return [columns | dict(_entry(self.entries, columns, self.by))]


@dataclass(frozen=True)
class Split:
    """Columns out of the named groups of a pattern, found in the text of another column."""

    column: str
    pattern: str
    removes: Texts = _NONE

    @property
    def needs(self) -> Texts:
        return frozenset({self.column})

    @property
    def writes(self) -> Texts:
        return frozenset(re.compile(self.pattern).groupindex)

    def rows(self, columns: Columns, turn: int = 0) -> list[Columns]:
        found = re.search(self.pattern, str(columns[self.column]), re.DOTALL)
        parts = {name: (text or "").strip() for name, text in found.groupdict().items()} if found else {}
        if not parts or not all(parts.values()):
            raise RowError(f"{self.column} cannot be split")
        return [columns | parts]


@dataclass(frozen=True)
class Sentence:
    """A sentence of the text in `of`, another one each time that the source comes round."""

    of: str
    into: str
    removes: Texts = _NONE

    @property
    def needs(self) -> Texts:
        return frozenset({self.of})

    @property
    def writes(self) -> Texts:
        return frozenset({self.into})

    def rows(self, columns: Columns, turn: int = 0) -> list[Columns]:
        text = str(columns[self.of])
        # Not the first of every passage: passages begin alike.
        return [columns | {self.into: focus(text, turn + crc32(text.encode()))}]


def _entry(entries: Mapping[str, Any], columns: Columns, by: str) -> Any:
    value = str(columns[by])
    if value not in entries:
        raise RowError(f"there is nothing for {by} {value[:40]!r}")
    return entries[value]


_KEYS = {
    "combine": ("columns", "separator", "into"),
    "rows_of": ("columns", "value", "name"),
    "choose": ("by", "choices", "into"),
    "fill": ("by", "entries"),
    "split": ("column", "pattern"),
    "sentence": ("of", "into"),
}
CHANGES = ("combine", "copy", "rename", "rows_of", "choose", "fill", "split", "sentence")


def read_change(kind: str, given: Any) -> Change:
    """The change that a stage's key of that name describes; ValueError says what is wrong in it."""
    for problem in _problems(kind, given):
        raise ValueError(f"`{kind}` {problem}")
    if kind in ("copy", "rename"):
        return Rename(given, keeps=kind == "copy")
    if kind == "combine":
        return Combine(tuple(given["columns"]), given.get("separator", "\n\n"), given["into"])
    if kind == "rows_of":
        return RowsOf(tuple(given["columns"]), given["value"], given["name"])
    if kind == "choose":
        return Choose(given["by"], given["choices"], given["into"])
    if kind == "fill":
        return Fill(given["by"], given["entries"])
    if kind == "sentence":
        return Sentence(given["of"], given["into"])
    return Split(given["column"], given["pattern"])


def _problems(kind: str, given: Any) -> Iterator[str]:
    if not isinstance(given, dict) or not given:
        yield "is no mapping"
        return
    if kind in ("copy", "rename"):
        if not all(isinstance(text, str) for pair in given.items() for text in pair):
            yield "maps names of columns to new ones"
        elif len(set(given.values())) < len(given):
            yield "gives two columns the same name"
        return
    yield from unknown_keys(given, _KEYS[kind])
    yield from (f"has no `{key}`" for key in _KEYS[kind] if key != "separator" and key not in given)
    for key in ("separator", "into", "value", "name", "by", "column", "pattern", "of"):
        if key in given and not isinstance(given[key], str):
            yield f"has a `{key}` that is no text"
    if "columns" in given and not _texts(given["columns"]):
        yield "has `columns` that are no list of names"
    yield from _mapping_problems(given)
    yield from _pattern_problems(given)


def _mapping_problems(given: Mapping[str, Any]) -> Iterator[str]:
    for key, kind in (("choices", str), ("entries", dict)):
        entries = given.get(key, {"": kind()})
        whole = isinstance(entries, dict) and bool(entries)
        if not whole or not all(isinstance(name, str) and isinstance(entry, kind) for name, entry in entries.items()):
            yield f"has `{key}` that map no texts to {'names of columns' if kind is str else 'columns'}"


def _pattern_problems(given: Mapping[str, Any]) -> Iterator[str]:
    try:
        if "pattern" in given and not re.compile(str(given["pattern"])).groupindex:
            yield "has a `pattern` without named groups"
    except re.error as error:
        yield f"has a `pattern` that is no regular expression: {error}"


def _texts(given: Any) -> bool:
    return isinstance(given, Sequence) and not isinstance(given, str) and all(isinstance(one, str) for one in given)
