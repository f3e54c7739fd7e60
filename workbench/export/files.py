"""Files of the export: JSON that somebody else wrote, and a large file that appears whole or not at all."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from workbench.errors import ExportError, RecordError
from workbench.records import read_json, sync_folder

AGAIN = "copy or download it again"
Form = TypeVar("Form")

# A full disk, a used-up quota, a limit on a file's size.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def read_object(path: Path) -> dict[str, Any]:
    """A JSON file that must hold an object; ExportError with the line where it is broken."""
    try:
        found = read_json(path)
    except RecordError as error:
        raise ExportError(error.message, hint=AGAIN) from error
    if not isinstance(found, dict):
        raise ExportError(f"{path}: it holds a {type(found).__name__}, not an object", hint=AGAIN)
    return found


def read_as(path: Path, form: type[Form]) -> Form:
    """A JSON file that must hold an object of the form of a typed dictionary."""
    return checked(path, read_object(path), form)


def checked(path: Path, value: Any, form: type[Form]) -> Form:
    """The value itself; ExportError with the first place that is not of this form. Keys that the form does not name
    may hold anything."""
    try:
        TypeAdapter(form).validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, _steps(value, first["loc"], first["type"] == "missing")))
        found = f"{first['input']!r:.60}; {first['msg'].replace('Input', 'it')}"
        detail = "missing" if first["type"] == "missing" else found
        raise ExportError(f"{path}: {place} is {detail}", hint=AGAIN) from error
    return value  # type: ignore[no-any-return]


def _steps(value: Any, places: tuple[int | str, ...], missing: bool) -> Iterator[int | str]:
    """Of pydantic's way to a place what stands in the file: it names the alternatives of a union too."""
    for place in places:
        held = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
        if place in held:
            value = held[place]
            yield place
    if missing:
        yield places[-1]


@contextmanager
def appearing(out: Path) -> Iterator[Path]:
    """A file to write into; afterwards it has its own name and is on the disk, or nothing is left of it. What a killed
    process left is taken away by the next one.

    ExportError where the system refuses to write, with what to do about a full disk.
    """
    temporary = out.with_name(f".{out.name}.{uuid4().hex}")
    with _explained(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        _clear(out)
        try:
            with temporary.open("xb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield temporary
                os.fsync(file.fileno())
                temporary.replace(out)
            sync_folder(out.parent)
        finally:
            temporary.unlink(missing_ok=True)


def _clear(out: Path) -> None:
    """Takes away what processes that were killed had written of it; the living hold a lock on theirs."""
    for left in out.parent.glob(f".{escape(out.name)}.{'[0-9a-f]' * 32}"):
        with suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


@contextmanager
def _explained(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise no_room(out) from error
        raise ExportError(f"{error.filename or out}: {error.strerror or error}") from error


def check_room(out: Path, size: int) -> None:
    """ExportError where fewer than `size` bytes are free for `out`, before anything is written."""
    parent = next(folder for folder in out.absolute().parents if folder.exists())
    if shutil.disk_usage(parent).free < size:
        raise no_room(
            out, f"it needs {size / 2**30:.2f} GiB, and {shutil.disk_usage(parent).free / 2**30:.2f} are free"
        )


def no_room(out: Path, detail: str = "nothing of it is left there") -> ExportError:
    return ExportError(
        f"there is no room for {out}: {detail}",
        hint=f"free some space (df -h {out.parent} shows how much there is) and start it again, or write elsewhere",
    )
