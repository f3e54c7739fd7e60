"""Models from a hub into the workspace: continued where a download broke off, and only kept when they are whole.

The hub is asked by its own client, which knows HF_ENDPOINT, HF_HOME, HF_TOKEN and HF_HUB_OFFLINE. Bytes come by plain
HTTP with ranges, from a mirror or a proxy as well. A part is called by the checksum of the whole, so that one of an
older release is never continued.
"""

import errno
import hashlib
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import httpx

from workbench.engines.catalogue import Entry
from workbench.engines.hub import Hub, HubFile
from workbench.errors import ModelError, StorageError
from workbench.records import digest_file

Tell = Callable[[str, int, int], None]
PARTS = ".partial"
_ATTEMPTS, _FIRST_WAIT = 5, 0.5


def download(
    entry: Entry, folder: Path, *, release: str = "main", token: str = "", tell: Tell = lambda name, done, total: None
) -> Path:
    """One GGUF file, or the folder of a safetensors model, below `folder`; returns its path.

    What is there already is not asked for again. `token` is for gated repositories and appears in no message; `tell`
    hears of a file's name, the bytes that are there and those that there will be. ModelError when the hub cannot be
    reached or does not have it, or sends something else than it says; StorageError when there is no room.
    """
    target = folder / (PurePosixPath(entry.filename).name if entry.filename else entry.name)
    if target.exists():
        return target
    hub = Hub(entry, release, token)
    files = hub.files()
    parts = folder / PARTS
    check_room(folder, files, parts)
    staged = parts / entry.name
    for file in files:
        part = fetch(hub, file, parts, tell)
        place = target if entry.filename else staged / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        part.replace(place)
    if not entry.filename:
        staged.replace(target)
    return target


def check_room(folder: Path, files: Sequence[HubFile], parts: Path) -> None:
    """StorageError when what is still to come does not fit on the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    needed = sum(file.size - _size(parts / file.checksum) for file in files)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(
            f"there is no room for {needed / 1e9:.1f} GB in {folder}, which has {free / 1e9:.1f} GB",
            hint="free some space, or take a smaller quantisation",
        )


def fetch(hub: Hub, file: HubFile, parts: Path, tell: Tell) -> Path:
    """The whole file, checked, under the name of its checksum."""
    parts.mkdir(parents=True, exist_ok=True)
    part = parts / file.checksum
    failures = 0
    while _size(part) < file.size or not part.exists():
        before = _size(part)
        try:
            _receive(hub, file, part, tell)
        except httpx.TransportError as error:
            # Only failures in a row count: a long download may break off often.
            failures = 1 if _size(part) > before else failures + 1
            if failures == _ATTEMPTS:
                raise _broken(file, part, error) from error
            time.sleep(_FIRST_WAIT * 2 ** (failures - 1))
    found = _checksum(part, file)
    if found != file.checksum:
        part.unlink()
        raise ModelError(
            f"{file.name} did not arrive as the hub has it: its checksum is {found}, the hub's {file.checksum}",
            hint="what arrived was deleted; try again, and if a mirror serves it, without that",
        )
    return part


def _receive(hub: Hub, file: HubFile, part: Path, tell: Tell) -> None:
    """Appends what comes; begins anew where the server does not continue."""
    have = _size(part)
    headers = hub.headers() | ({"Range": f"bytes={have}-"} if have else {})
    with httpx.stream("GET", hub.address(file), headers=headers, follow_redirects=True, timeout=20) as response:
        if response.status_code not in (200, 206):
            raise hub.refusal(response.status_code, response.reason_phrase)
        continued = response.status_code == 206
        have = have if continued else 0
        with part.open("ab" if continued else "wb", buffering=0) as out:
            # As they come: a block of a given size would be lost where the connection is cut within it.
            for block in response.iter_raw():
                _write(out, block, part)
                have += len(block)
                tell(file.name, have, file.size)
    if have < file.size:
        raise httpx.ReadError("the answer ended too early")


def _write(out: BinaryIO, block: bytes, part: Path) -> None:
    try:
        out.write(block)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        hint = "free some space; the same command goes on from there"
        raise StorageError(f"there is no room left in {part.parent}: {error.strerror}", hint=hint) from error


def _checksum(part: Path, file: HubFile) -> str:
    """SHA-256 of large files; of others git's SHA-1 of a blob, which has a head before the content."""
    if file.large:
        return digest_file(part)
    content = part.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _broken(file: HubFile, part: Path, error: Exception) -> ModelError:
    done = f"{_size(part) / 1e6:.1f} of {file.size / 1e6:.1f} MB"
    return ModelError(
        f"the connection to the hub broke off at {done} of {file.name}: {error or type(error).__name__}",
        hint="the same command goes on from there",
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
