"""How a single value is written in YAML: plain where that is read as the same value, else in quotes or as a block."""

import re
from datetime import date
from typing import Any

import yaml
from yaml.representer import SafeRepresenter
from yaml.resolver import Resolver

from workbench.errors import TaxonomyError

# Letters that stand for themselves with every parser: no controls, no line breaks of Unicode, no byte order mark.
_LETTERS = "\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_ONE_LINE = re.compile(f"[{_LETTERS}]*")
_BLOCK_LINES = re.compile(f"[\\t\\n{_LETTERS}]*")
_ESCAPED = re.compile(f'[^{_LETTERS}]|["\\\\]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_NOT_FIRST = ",[]{}#&*!|>'\"%@`"
_TEXT = "tag:yaml.org,2002:str"
# A simple key has to end within this many letters.
_LONGEST_KEY = 1000
# yamllint allows two empty lines in a row, also inside a text.
_MANY_BREAKS = "\n" * 4
_RESOLVER = Resolver()


def is_plain(text: str, *, flow: bool = False) -> bool:
    """Whether the text can stand on one line without quotes and is read as a text; `flow` is between brackets."""
    if not text or text != text.strip() or not _ONE_LINE.fullmatch(text):
        return False
    if text[0] in _NOT_FIRST or (text[0] in "-?:" and (flow or text[1:2] in ("", " "))):
        return False
    if ": " in text or " #" in text or text[-1] == ":" or text.startswith(("---", "...")):
        return False
    if flow and re.search(r"[,\[\]{}?:]", text):
        return False
    return bool(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) == _TEXT)  # type: ignore[no-untyped-call]


def quoted(text: str) -> str:
    """In double quotes on one line, which holds every text there is."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def inline(value: Any, *, flow: bool = False, style: str | None = None) -> str:
    """A scalar on one line, in the `style` of PyYAML's nodes where that can hold it."""
    if not isinstance(value, str):
        return _typed(value)
    if style == "'" and _ONE_LINE.fullmatch(value):
        return "'" + value.replace("'", "''") + "'"
    return value if style != '"' and is_plain(value, flow=flow) else quoted(value)


def key_text(name: Any, *, flow: bool = False, style: str | None = None) -> str:
    written = inline(name, flow=flow, style=style)
    if len(written) > _LONGEST_KEY:
        raise TaxonomyError(f"a key has {len(written)} letters", hint=f"keys have at most {_LONGEST_KEY}")
    return written


def literal(text: str, *, keep: bool = True) -> tuple[str, list[str]] | None:
    """Indicator and lines of a text of several lines; None for one that a block cannot hold or yamllint would refuse.

    `keep` says whether empty lines may end the block, as they may not at the end of a file.
    """
    body = text.rstrip("\n")
    breaks = len(text) - len(body)
    if "\n" not in text or _MANY_BREAKS in f"\n{text}" or (breaks > 1 and not keep):
        return None
    lines = body.split("\n")
    if not fits_block(lines) or any(line != line.rstrip() for line in lines):
        return None
    return f"|{chomping(breaks)}", lines + [""] * (breaks - 1)


def fits_block(lines: list[str]) -> bool:
    """Whether lines can be a block's whose indentation is that of its first line."""
    first = next((line for line in lines if line), "")
    return bool(first) and first[0] not in " \t" and all(_BLOCK_LINES.fullmatch(line) for line in lines)


def chomping(breaks: int) -> str:
    """The indicator for a text with so many line breaks at its end."""
    return ("-", "", "+")[min(breaks, 2)]


def _typed(value: Any) -> str:
    if isinstance(value, bytes | bool | int | float | date) or value is None:
        node = SafeRepresenter().represent_data(value)
        if isinstance(value, bytes):
            return f'!!binary "{"".join(node.value.split())}"'
        return str(node.value)
    message = f"a value of the type {type(value).__name__} cannot be written as YAML"
    raise TaxonomyError(message, hint="texts, numbers, lists and keys with values can")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if short := _SHORT.get(match[0]):
        return short
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
