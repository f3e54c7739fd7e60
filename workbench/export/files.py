"""Files of the export: JSON that is read, and a large file that appears whole or not at all."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from workbench.errors import ExportError
from workbench.records import read_json

# A full disk, a used-up quota, a limit on a file's size.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def read_object(path: Path) -> dict[str, Any]:
    """A JSON file that must hold an object."""
    found = read_json(path)
    if not isinstance(found, dict):
        raise ExportError(f"{path}: it holds a {type(found).__name__}, not an object", hint="copy or download it again")
    return found


@contextmanager
def appearing(out: Path) -> Iterator[Path]:
    """A name to write under; afterwards the file is under its own name and on the disk, or nothing is left of it.

    ExportError where the system refuses to write, with what to do about a full disk.
    """
    temporary = out.with_name(f".{out.name}.{uuid4().hex}")
    with _explained(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(out)
        finally:
            temporary.unlink(missing_ok=True)


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
