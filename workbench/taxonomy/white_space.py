"""Mends of white space in a YAML text that leave its values as they are, or say which they change."""

import re
from collections.abc import Callable
from typing import Any

from workbench.errors import TaxonomyError
from workbench.taxonomy.alignment import same
from workbench.taxonomy.splice import splice
from workbench.taxonomy.yaml_file import parse_yaml, yaml_path
from workbench.taxonomy.yaml_parts import BYTE_ORDER_MARK

_BLANKS_AT_END = re.compile(r"[ \t]+(?=\n|\Z)")
_TAB_AT_START = re.compile(r"^[ ]*\t[ \t]*", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n{4,}")
# How many runs are tried one by one where all of them together would change a value.
_ONE_BY_ONE = 200
UNREADABLE = object()


def contents_of(text: str) -> Any:
    """What the text parses to, `UNREADABLE` where it does not."""
    file = parse_yaml(text, "")
    return UNREADABLE if file.findings else file.contents


def plain_breaks(text: str) -> str:
    """Without a byte order mark, and with line breaks of one letter."""
    return text.removeprefix(BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n")


def without_tabs(text: str) -> str:
    """With blanks for tabs that indent, where the text cannot be read with them and one reading is left without.

    However many blanks a tab stands for, the values have to be the same.
    """
    if contents_of(text) is not UNREADABLE:
        return text
    made = [_with_tabs_of(width, text) for width in (2, 4, 8)]
    readings = [contents_of(one) for one in made]
    readable = [place for place, reading in enumerate(readings) if reading is not UNREADABLE]
    if readable and all(same(readings[place], readings[readable[0]]) for place in readable):
        return made[readable[0]]
    return text


def _with_tabs_of(width: int, text: str) -> str:
    return _TAB_AT_START.sub(lambda found: found[0].expandtabs(width), text)


def without_blanks_at_ends(text: str) -> tuple[str, list[str]]:
    """And the paths of texts that have lost blanks at the ends of their lines, which upstream calls an error."""
    before = contents_of(text)
    if before is UNREADABLE:
        return _BLANKS_AT_END.sub("", text), []

    def allowed(after: Any) -> bool:
        return after is not UNREADABLE and same(_stripped(after), _stripped(before))

    made = _tried(text, _BLANKS_AT_END, "", allowed)
    return made, list(_different(before, contents_of(made), ()))


def with_few_empty_lines(text: str) -> str:
    """None at the start and the end, two in a row in between, except for those that belong to a text."""
    before = contents_of(text)
    if before is UNREADABLE:
        return text

    def allowed(after: Any) -> bool:
        return after is not UNREADABLE and same(after, before)

    made = _tried(text, re.compile(r"\A\n+"), "", allowed)
    made = _tried(made, re.compile(r"(?<=\n)\n+\Z"), "", allowed)
    return _tried(made, _EMPTY_LINES, "\n\n\n", allowed)


def with_last_break(text: str) -> str:
    """A text block that ends the file keeps its value: its indicator changes where the line break would be a part."""
    if text.endswith("\n") or not text:
        return text
    before, made = contents_of(text), text + "\n"
    if before is UNREADABLE or same(contents_of(made), before):
        return made
    try:
        return splice(made, before)
    except TaxonomyError:
        return text


def _tried(text: str, pattern: re.Pattern[str], new: str, allowed: Callable[[Any], bool]) -> str:
    """Everything that matches replaced at once, or else, from the end, whatever may be by itself."""
    made = pattern.sub(new, text)
    if made == text or allowed(contents_of(made)):
        return made
    made = text
    for found in list(pattern.finditer(text))[-_ONE_BY_ONE:][::-1]:
        one = made[: found.start()] + new + made[found.end() :]
        made = one if allowed(contents_of(one)) else made
    return made


def _stripped(value: Any) -> Any:
    """With all blanks at the ends of lines taken out of texts."""
    if isinstance(value, str):
        return _BLANKS_AT_END.sub("", value)
    if isinstance(value, dict):
        return {_stripped(key): _stripped(item) for key, item in value.items()}
    return [_stripped(item) for item in value] if isinstance(value, list) else value


def _different(before: Any, after: Any, keys: tuple[str | int, ...]) -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict) and len(before) == len(after):
        pairs = list(zip(before.items(), after.items(), strict=True))
        return [path for (key, one), (_, two) in pairs for path in _different(one, two, (*keys, key))]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        items = enumerate(zip(before, after, strict=True))
        return [path for place, (one, two) in items for path in _different(one, two, (*keys, place))]
    return [] if same(before, after) else [yaml_path(keys)]
