"""People's own files of rows, read line by line: each row with its place, each bad line with its reason."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import NotFoundError, RecordError
from workbench.generation.row_forms import Conversation, conversation

ENDINGS = (".jsonl", ".json")
_DECODER = json.JSONDecoder()
_MOST_BAD = 0.5


@dataclass(frozen=True)
class BadLine:
    """A line that is no row, and why."""

    file: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"

    def record(self) -> dict[str, Any]:
        """As a run's `Logs/bad_lines.jsonl` holds it."""
        return {"file": self.file.name, "line": self.line, "reason": self.reason}


@dataclass
class FileRows:
    """What a file holds: conversations with the lines they stand on, and the lines that hold none."""

    path: Path
    rows: list[tuple[int, Conversation]] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)

    @property
    def hopeless(self) -> bool:
        """Whether so much of it is bad that it must be something else."""
        return len(self.bad) > _MOST_BAD * (len(self.rows) + len(self.bad))


def read_rows(path: Path) -> FileRows:
    """Every line of a `.jsonl`, or every item of the list in a `.json`; NotFoundError, or RecordError for a file that
    is neither."""
    if path.suffix.casefold() not in ENDINGS:
        hint = f"allowed: {', '.join(ENDINGS)}, or a recipe that ends in .yaml"
        raise RecordError(f"{path}: {path.suffix or 'no ending'} is no file of rows", hint=hint)
    found = FileRows(path)
    parts = _lines(path) if path.suffix.casefold() == ".jsonl" else _items(path)
    for number, item in parts:
        try:
            if isinstance(item, ValueError):
                raise item
            found.rows.append((number, conversation(_object(item))))
        except ValueError as error:
            found.bad.append(BadLine(path, number, str(error)))
    return found


def _object(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise ValueError(f"it is a {type(item).__name__}, not an object")
    return item


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if not text.isspace():
                yield number, _parsed(text)


def _parsed(line: bytes) -> Any:
    """The value of a line, or the ValueError that says why it has none."""
    try:
        text = line.decode()
        return _writable(json.loads(text)) if "\\ud" in text.lower() else json.loads(text)
    except UnicodeDecodeError:
        return ValueError("not UTF-8")
    except json.JSONDecodeError as error:
        return ValueError(f"not JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError) as error:
        return ValueError(f"not JSON that can be read: {error}")


def _writable(value: Any) -> Any:
    r"""The value itself; a ValueError for half a surrogate pair, which `\ud800` stands for and no file can hold."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return ValueError("it holds half of a surrogate pair, which is no letter")
    return value


def _items(path: Path) -> Iterator[tuple[int, Any]]:
    """Items of a list with the lines they begin on; objects without a list around them are taken one by one."""
    with _opened(path) as file:
        data = file.read().removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        yield data[: error.start].count(b"\n") + 1, ValueError("not UTF-8")
        return
    place = _next(text, 0)
    listed, escaped = text[place : place + 1] == "[", "\\ud" in text.lower()
    line, counted = 1, 0
    try:
        for start, item in _decoded(text, place + 1 if listed else place, listed=listed):
            line, counted = line + text.count("\n", counted, start), start
            yield line, _writable(item) if escaped else item
    except json.JSONDecodeError as error:
        yield error.lineno, ValueError(f"not JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError) as error:
        yield 1, ValueError(f"not JSON that can be read: {error}")


def _decoded(text: str, place: int, *, listed: bool) -> Iterator[tuple[int, Any]]:
    """Each value with the place it begins at; JSONDecodeError where the text is broken."""
    place = _next(text, place)
    while place < len(text) and not (listed and text[place] == "]"):
        start = place
        item, place = _DECODER.raw_decode(text, start)
        yield start, item
        place = _next(text, place)
        if listed and text[place : place + 1] == ",":
            place = _next(text, place + 1)
        elif listed and text[place : place + 1] != "]":
            raise json.JSONDecodeError("a comma or the end of the list is missing", text, place)
    if listed and (place >= len(text) or _next(text, place + 1) < len(text)):
        raise json.JSONDecodeError("the list does not end where the file does", text, min(place, len(text)))


def _next(text: str, place: int) -> int:
    """The next place that holds no white space."""
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    return place


def _opened(path: Path) -> Any:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error
    except IsADirectoryError as error:
        raise RecordError(f"{path}: it is a folder", hint="name a file in it") from error
