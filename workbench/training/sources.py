"""Files that are trained on, read with the line on which each row stands."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from workbench.errors import NotFoundError, RecordError
from workbench.records import parse_line

ROWS = (".jsonl", ".json")
TEXTS = (".md", ".txt")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PACKED = b"\x1f\x8b"
_CODE = "save the file as UTF-8"
_LINE = "each line is one JSON object: look at that line"

Placed = tuple[int, dict[str, Any]]


def placed_rows(path: Path) -> Iterator[Placed]:
    """Rows with the numbers of their lines; a text file is one row `{"document": ...}`.

    NotFoundError, or RecordError with file and line for what is no row; nothing is passed over in silence.
    """
    check_file(path)
    if path.suffix.casefold() in TEXTS:
        yield 1, {"document": _text(path)}
        return
    if _opening(path).removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(b"["):
        yield from enumerate(_items(path), start=1)
    else:
        yield from _lines(path)


def check_file(path: Path) -> None:
    """NotFoundError or RecordError for what is no file that rows could be read from."""
    if path.is_dir():
        inside = sorted(each.name for each in path.iterdir() if each.suffix.casefold() in (*ROWS, *TEXTS))
        hint = (
            f"name a file in it: {', '.join(inside[:5])}" if inside else "name a file of rows, one JSON object a line"
        )
        raise RecordError(f"{path}: it is a folder", hint=hint)
    if not path.is_file():
        hint = "name one that exists, or `workbench data generate` makes one"
        raise NotFoundError(f"there is no training file {path}", hint=hint)
    if _opening(path).startswith(_PACKED):
        raise RecordError(f"{path}: it is packed", hint=f"unpack it: gunzip < {path} > rows.jsonl")
    if path.suffix.casefold() not in (*ROWS, *TEXTS):
        hint = f"rows are in {' or '.join(ROWS)}, plain documents in {' or '.join(TEXTS)}"
        raise RecordError(f"{path}: {path.suffix or 'no ending'} is no training file", hint=hint)


def _opening(path: Path) -> bytes:
    """Its first kilobyte."""
    try:
        with path.open("rb") as file:
            return file.read(1024)
    except OSError as error:
        raise RecordError(f"{path}: it cannot be read: {error.strerror}", hint="look at its rights: ls -l") from error


def _lines(path: Path) -> Iterator[Placed]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            text = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
            if not text.isspace() and text:
                yield number, _row(text, f"{path}:{number}", whole=line.endswith(b"\n"))


def _row(line: bytes, where: str, *, whole: bool) -> dict[str, Any]:
    try:
        return _writable(parse_line(line), line)
    except UnicodeDecodeError as error:
        raise RecordError(f"{where}: not UTF-8 at byte {error.start + 1} of the line", hint=_CODE) from error
    except json.JSONDecodeError as error:
        hint = _LINE if whole else "the file was cut off within its last line: make it again, or delete that line"
        raise RecordError(f"{where}:{error.colno}: not a JSON object: {error.msg}", hint=hint) from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{where}: not a JSON object: {error}", hint=_LINE) from error


def _writable(row: dict[str, Any], line: bytes) -> dict[str, Any]:
    r"""The row itself; ValueError for half of a surrogate pair, which `\ud800` stands for and no tokenizer takes."""
    if b"\\ud" in line.lower():
        try:
            json.dumps(row, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("it holds half of a surrogate pair, which is no letter") from error
    return row


def _items(path: Path) -> Sequence[dict[str, Any]]:
    text = _text(path)
    try:
        items = json.loads(text)
        json.dumps(items, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise RecordError(f"{path}:{error.lineno}: not JSON: {error.msg}", hint="look at that line") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path}: not JSON that can be read: {error}", hint="write one JSON object a line") from error
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            raise RecordError(f"{path}: item {number} is no JSON object", hint="write one JSON object a line")
    return list(items)


def _text(path: Path) -> str:
    data = path.read_bytes().removeprefix(_BYTE_ORDER_MARK)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise RecordError(f"{path}:{line}: not UTF-8", hint=_CODE) from error
