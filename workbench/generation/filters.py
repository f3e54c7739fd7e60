"""Filters: which rows stay, by the value of one column."""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_TESTS: Mapping[str, Callable[[Any, Any], Any]] = {
    "equal": operator.eq,
    "unequal": operator.ne,
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
    "contains": operator.contains,
}
_TYPES: Mapping[str, Callable[[Any], Any]] = {"text": str, "float": float, "int": int, "bool": bool}
TESTS = tuple(_TESTS)
TYPES = tuple(_TYPES)
_KEYS = ("column", "test", "values", "type", "fallback")


class RowError(ValueError):
    """A row that cannot go on: it ends as failed, with this as its reason."""


@dataclass(frozen=True)
class Filter:
    """A row stays where its column passes the test against one of `values` at least.

    With a `type` column and values are converted before; a value that cannot be counts as the `fallback`, and without
    one the row fails.
    """

    column: str
    test: str
    values: tuple[Any, ...]
    type: str = ""
    fallback: Any = None

    def accepts(self, columns: Mapping[str, Any]) -> bool:
        """RowError where the column cannot be converted or compared."""
        value = self._converted(columns[self.column])
        try:
            return any(bool(_TESTS[self.test](value, wanted)) for wanted in self.values)
        except TypeError as error:
            raise RowError(f"{self.column} cannot be compared") from error

    def _converted(self, value: Any) -> Any:
        if not self.type or readable(value, self.type):
            return convert(value, self.type) if self.type else value
        if self.fallback is None:
            raise RowError(f"{self.column} is no {self.type}")
        return self.fallback


def convert(value: Any, kind: str) -> Any:
    """A value as `text`, `float`, `int` or `bool`; ValueError or TypeError where it is none."""
    return _TYPES[kind](value)


def readable(value: Any, kind: str) -> bool:
    """Whether a value can be converted; a text has to hold something."""
    try:
        return convert(value, kind) != "" or kind != "text"
    except (ValueError, TypeError):
        return False


def read_filter(given: Any) -> Filter:
    """The filter that a stage's key describes; ValueError says what is wrong in it."""
    for problem in _problems(given):
        raise ValueError(f"`filter` {problem}")
    kind, fallback = given.get("type", ""), given.get("fallback")
    if not kind:
        return Filter(given["column"], given["test"], tuple(given["values"]))
    values = tuple(convert(value, kind) for value in given["values"])
    return Filter(given["column"], given["test"], values, kind, None if fallback is None else convert(fallback, kind))


def unknown_keys(given: Mapping[Any, Any], known: Sequence[str]) -> Iterator[str]:
    """What is to be said of keys that are not among the known ones."""
    yield from (f"has no key `{key}`: there are {', '.join(known)}" for key in given if key not in known)


def _problems(given: Any) -> Iterator[str]:
    if not isinstance(given, dict):
        yield "is no mapping"
        return
    yield from unknown_keys(given, _KEYS)
    if not isinstance(given.get("column"), str):
        yield "names no `column`"
    if given.get("test") not in _TESTS:
        yield f"has the test {given.get('test')!r}: there are {', '.join(TESTS)}"
    kind = given.get("type", "")
    if kind and kind not in _TYPES:
        yield f"has the type {kind!r}: there are {', '.join(TYPES)}"
        return
    values = given.get("values")
    if not isinstance(values, list) or not values:
        yield "has `values` that are no list"
        return
    fallback = [] if given.get("fallback") is None else [given["fallback"]]
    for value in (*values, *fallback):
        if kind and not readable(value, kind):
            yield f"compares with {value!r}, which is no {kind}"
