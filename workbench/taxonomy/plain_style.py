"""The plain style in which most qna.yaml files are written, and in which yamllint has nothing to find.

yamllint takes most of a check's time. `is_plain` proves for a text that libyaml has read that the usual rules find
nothing in it: blocks of keys and lists indented alike, and of values plain texts, one-line quoted texts, block texts
and one-line lists. It never says yes where yamllint would find something; of any other text it knows nothing.
"""

import re
from dataclasses import dataclass, field

# Letters that every YAML parser takes for a part of a text; neither tabs nor the line breaks of Unicode.
_ODD_LETTER = re.compile("[^\n\x20-\x7e\u00a1-\u2027\u2030-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_BLANK_LINES = 2
_ENTRY = re.compile(r"( *)(- )?([A-Za-z_]\w*):(?: (?! )(.+))?", re.ASCII)
_ITEM = re.compile(r"( *)- (?! )(.+)")
_BLOCK = re.compile(r"[|>][+-]?")
_QUOTED = r'"(?:[^"\\]|\\[nt"\\])*"|' + r"'(?:[^']|'')*'"
_FLAT = re.compile(rf"(?:{_QUOTED})")
_MEMBER = rf"(?:{_QUOTED}|[A-Za-z0-9_][A-Za-z0-9_./*-]*)"
_LIST = re.compile(rf"\[ ?{_MEMBER}(?:, {_MEMBER})* ?\]")
_PLAIN = re.compile(r"(?![\"'\[\]{}|>&*!%@`#,?:-])[^\n]+")


@dataclass
class _Level:
    """A group of keys, or a list, that begins in a column."""

    column: int
    is_list: bool = False
    keys: set[str] = field(default_factory=set)


@dataclass
class _State:
    """`spaces` and `indented` are what the first of its kind settled for all others."""

    levels: list[_Level] = field(default_factory=list)
    waiting: bool = False
    texts_above: int = -1
    block: bool = False
    block_column: int = 0
    spaces: int = 0
    indented: bool | None = None


def is_plain(text: str) -> bool:
    """Whether the usual rules of yamllint surely find nothing in `text`, which libyaml could read."""
    body = text.removeprefix("---\n")
    if not body.endswith("\n") or body.startswith("\n") or body.endswith("\n\n"):
        return False
    if " \n" in body or "\n" * (_BLANK_LINES + 2) in body or "yamllint" in body or _ODD_LETTER.search(body):
        return False
    state = _State()
    return all(_fits(state, line) for line in body[:-1].split("\n")) and not state.waiting and bool(state.levels)


def _fits(state: _State, line: str) -> bool:
    if not line:
        return True
    column = len(line) - len(line.lstrip(" "))
    if state.texts_above >= 0:
        if column > state.texts_above:
            return _goes_on(state, line, column)
        if state.block and not state.block_column:
            return False
        state.texts_above = -1
    if line[column] == "#":
        return True
    entry = _ENTRY.fullmatch(line)
    if entry:
        return _opens(state, column, listed=bool(entry[2])) and _key(state, entry)
    item = _ITEM.fullmatch(line)
    return bool(item) and _opens(state, column, listed=True) and _value(state, item[2] if item else "", column)


def _goes_on(state: _State, line: str, column: int) -> bool:
    """A further line of a block text, or of a plain one, in which a colon or a comment would end it."""
    if state.block:
        state.block_column = state.block_column or column
        return column >= state.block_column
    return _is_text(line[column:])


def _opens(state: _State, column: int, *, listed: bool) -> bool:
    """Whether a line may begin in the column: in a group that is open, or as the first of the one waited for."""
    if state.waiting:
        state.waiting = False
        return _begins(state, column, listed)
    while state.levels and (state.levels[-1].column, state.levels[-1].is_list) > (column, listed):
        state.levels.pop()
    if not state.levels:
        state.levels.append(_Level(0, listed))
        return column == 0 and not listed
    return state.levels[-1].column == column and state.levels[-1].is_list == listed


def _begins(state: _State, column: int, listed: bool) -> bool:
    indent = column - state.levels[-1].column
    if listed:
        if state.indented is None:
            state.indented = indent > 0
        if state.indented != (indent > 0):
            return False
    if indent or not listed:
        state.spaces = state.spaces or indent
        if indent <= 0 or indent != state.spaces:
            return False
    state.levels.append(_Level(column, listed))
    return True


def _key(state: _State, entry: re.Match[str]) -> bool:
    if entry[2]:
        state.levels.append(_Level(len(entry[1]) + 2))
    level = state.levels[-1]
    if entry[3] in level.keys:
        return False
    level.keys.add(entry[3])
    if entry[4] is None:
        state.waiting = True
        return True
    return _value(state, entry[4], level.column)


def _value(state: _State, value: str, column: int) -> bool:
    """Of a key or a list that begins in the column; lines behind it that begin further right belong to its text."""
    if _BLOCK.fullmatch(value):
        state.texts_above, state.block, state.block_column = column, True, 0
        return True
    if _is_text(value):
        state.texts_above, state.block = column, False
        return True
    return bool(_FLAT.fullmatch(value) or _LIST.fullmatch(value))


def _is_text(value: str) -> bool:
    return bool(_PLAIN.fullmatch(value)) and ": " not in value and " #" not in value and value[-1] != ":"
