"""Files that survive a crash: whole or absent when written at once, whole up to the last line when appended to."""

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from workbench.errors import NotFoundError, RecordError, StorageError

_BLOCK = 1 << 20
# A full disk, a used-up quota, a limit on a file's size.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_bytes(path: Path, value: bytes) -> None:
    """A reader sees the old content or the new one, also after a power cut; missing folders are made.

    StorageError when there is no room for it, here and wherever a record is written.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    with room_for(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)


def write_text(path: Path, value: str) -> None:
    """UTF-8, line ends as given; otherwise as `write_bytes`."""
    write_bytes(path, value.encode())


def write_json(path: Path, value: Any) -> None:
    """Indented, keys in the order given, NaN refused; otherwise as `write_bytes`."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """NotFoundError for a missing file, RecordError with its line for a broken one."""
    text = _read(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise RecordError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, or brackets as deep.
        raise RecordError(f"{path}: not JSON that can be read: {error}") from error


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """One dictionary a line. A half-written last line is left out; a broken one before it is a RecordError."""
    return (record for _, record in read_placed(path))


def read_placed(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """As `read_jsonl`, with the offset in bytes at which each line begins."""
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error
    offset = 0
    with file:
        for number, line in enumerate(file, start=1):
            if not line.isspace():
                try:
                    yield offset, parse_line(line)
                except ValueError as error:
                    if not line.endswith(b"\n"):
                        return
                    raise RecordError(f"{path}:{number}: not a JSON object: {error}") from error
            offset += len(line)


class JsonlWriter:
    """Appends records, each on the disk's side of this process before `append` returns.

    Opening cuts a last line that an earlier writer left half-written, so that what follows starts a line of its own.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        _end_at_whole_line(path)
        self._file = path.open("ab")
        self._end = path.stat().st_size

    def append(self, record: Mapping[str, Any]) -> int:
        """Returns the offset in bytes at which the record's line begins."""
        line = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        with room_for(self.path):
            self._file.write(line)
            self._file.flush()
        self._end += len(line)
        return self._end - len(line)

    def close(self) -> None:
        with room_for(self.path):
            if not self._file.closed:
                os.fsync(self._file.fileno())
                self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def parse_line(line: bytes) -> dict[str, Any]:
    """One line as the dictionary it must hold; ValueError otherwise."""
    record = json.loads(line.decode())
    if not isinstance(record, dict):
        raise ValueError(f"it is a {type(record).__name__}")
    return record


def digest_bytes(value: bytes) -> str:
    """SHA-256 as 64 hex digits, like every digest here."""
    return hashlib.sha256(value).hexdigest()


def digest_json(value: Any) -> str:
    """The same for equal values, whatever the order of their keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return digest_bytes(text.encode())


def digest_file(path: Path) -> str:
    """Contents only, read in blocks; NotFoundError when it is not there."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error


def digest_folder(path: Path) -> str:
    """Relative names and contents of all files below, git's own folder left out; names are compared as posix paths."""
    if not path.is_dir():
        raise NotFoundError(f"there is no folder {path}")
    files = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if file.is_file()}
    kept = sorted(name for name in files if ".git" not in name.split("/"))
    return digest_json([[name, digest_file(files[name])] for name in kept])


@contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Says of a full disk which file had no room, and that nothing is lost."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        hint = "free some space and start it again: what was finished is kept, and it goes on from there"
        raise StorageError(f"there is no room left to write {path}: {error.strerror}", hint=hint) from error


def sync_folder(path: Path) -> None:
    """Come back once the folder's entries are on the disk: a renamed file is safe only then."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise RecordError(f"{path}:{line}: not UTF-8") from error


def _end_at_whole_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        start, tail = _last_line(file)
        if not tail:
            return
        try:
            parse_line(tail)
        except ValueError:
            file.truncate(start)
        else:
            file.seek(0, os.SEEK_END)
            file.write(b"\n")


def _last_line(file: Any) -> tuple[int, bytes]:
    """Offset and bytes of what follows the last line break."""
    position = file.seek(0, os.SEEK_END)
    tail = b""
    while position:
        step = min(_BLOCK, position)
        position -= step
        file.seek(position)
        tail = file.read(step) + tail
        if (found := tail.rfind(b"\n")) >= 0:
            return position + found + 1, tail[found + 1 :]
    return 0, tail
