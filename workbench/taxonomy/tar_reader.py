"""Members of a tar file, one after the other, with bounded memory.

Read are the formats of Unix v7, ustar and pax (POSIX.1-2017, "pax Interchange Format") and GNU tar's long names.
Files and folders are all that a taxonomy is made of: links, devices, sparse files and volumes are refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from workbench.errors import TaxonomyError
from workbench.taxonomy.member_names import Limits
from workbench.taxonomy.printable import printable
from workbench.taxonomy.unzipping import Unzipped

_BLOCK = 512
_END = bytes(_BLOCK)
# Names and attributes in front of a member; systems write their own there, such as Finder's.
_LONGEST_HEADER = 1 << 20
_REFUSED = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a named pipe",
    b"S": "a sparse file",
    b"M": "a part of a file on several volumes",
}
_PACK = "pack it with: workbench taxonomy pack DIR ARCHIVE"


@dataclass(frozen=True)
class Member:
    """`name` is as the archive has it; `size` is in bytes."""

    name: str
    size: int
    folder: bool


class TarReader:
    """Iterate over the members; `blocks` gives the contents of the last one, and may be left out."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._bytes = Unzipped(file, limits)
        self._limits = limits
        self._left = self._padding = 0
        self._count = 0

    def __iter__(self) -> Iterator[Member]:
        said: dict[str, str] = {}
        while (header := self._bytes.read(_BLOCK)) != _END:
            kind, size = _checked(header, self._count), _number(header[124:136])
            if kind in (b"x", b"L", b"K", b"g"):
                said |= _said(kind, self._whole(size))
                continue
            member = _member(header, kind, size, said)
            said = {}
            self._allow(member)
            self._left, self._padding = member.size, -member.size % _BLOCK
            yield member
            for _ in self.blocks():
                pass
            self._bytes.read(self._padding)
        self._finish()

    def blocks(self) -> Iterator[bytes]:
        """What was not read yet of the member that was yielded last."""
        while self._left:
            block = self._bytes.read_some(self._left)
            if not block:
                raise TaxonomyError("it ends in the middle of a file", hint="fetch or pack it again")
            self._left -= len(block)
            yield block

    def _whole(self, size: int) -> bytes:
        if size > _LONGEST_HEADER:
            raise TaxonomyError(f"the attributes of a member take more than {_LONGEST_HEADER >> 20} MiB", hint=_PACK)
        self._count_one()
        body = self._bytes.read(size)
        self._bytes.read(-size % _BLOCK)
        return body

    def _allow(self, member: Member) -> None:
        self._count_one()
        if member.size > self._limits.member_bytes:
            most = self._limits.member_bytes >> 20
            raise TaxonomyError(f"{printable(member.name)} is over {most} MiB, which is the limit for a file")

    def _count_one(self) -> None:
        self._count += 1
        if self._count > self._limits.members:
            raise TaxonomyError(f"it holds more than {self._limits.members} members, which is the limit")

    def _finish(self) -> None:
        """Behind the end mark there is nothing but zeros; reading on also checks gzip's checksum."""
        while block := self._bytes.read_some(1 << 16):
            if block.count(0) != len(block):
                raise TaxonomyError("something follows behind its end", hint=_PACK)


def _checked(header: bytes, count: int) -> bytes:
    """The type of a member whose header is whole."""
    without = header[:148] + b" " * 8 + header[156:]
    # Old tars of some systems added up signed bytes.
    signed = sum(byte - 256 if byte > 127 else byte for byte in without)
    if _number(header[148:156]) not in (sum(without), signed):
        what = "it is not a tar archive" if not count else "it is damaged: a member's checksum is wrong"
        raise TaxonomyError(what, hint="fetch or pack it again")
    return header[156:157]


def _number(field: bytes) -> int:
    """Octal digits, or GNU's binary form for large ones; -1 for what is neither."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b"\0 ") or b"0"
    return int(digits, 8) if digits.isdigit() and not digits.strip(b"01234567") else -1


def _said(kind: bytes, body: bytes) -> dict[str, str]:
    """What a header in front of a member says about it: `path` and `size` are all that matters."""
    if kind == b"L":
        return {"path": _text(body.split(b"\0", 1)[0])}
    if kind == b"K":
        return {}
    records = dict(_records(body))
    if any(name.startswith(b"GNU.sparse.") for name in records):
        raise TaxonomyError("it holds a sparse file, which no taxonomy needs", hint=_PACK)
    if kind == b"g":
        if {b"path", b"size"} & records.keys():
            raise TaxonomyError("one name or size is set for all its members", hint=_PACK)
        return {}
    return {name.decode(): _text(records[name]) for name in (b"path", b"size") if name in records}


def _records(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """`<length> <key>=<value>\\n`, the length counting itself; what follows the last one is filling."""
    start = 0
    while start < len(body) and body[start]:
        digits, blank, _ = body[start : start + 24].partition(b" ")
        end = start + int(digits) if digits.isdigit() else 0
        key, equals, value = body[start + len(digits) + 1 : end].partition(b"=")
        if not (blank and equals and value.endswith(b"\n") and end <= len(body)):
            raise TaxonomyError("it is damaged: the attributes of a member cannot be read", hint=_PACK)
        yield key, value[:-1]
        start = end


def _member(header: bytes, kind: bytes, size: int, said: dict[str, str]) -> Member:
    name = said.get("path") or _name(header)
    if "size" in said:
        digits = said["size"]
        size = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else -1
    if kind not in (b"0", b"\0", b"7", b"5"):
        what = _REFUSED.get(kind, "neither a file nor a folder")
        raise TaxonomyError(f"{printable(name)} is {what}, which no taxonomy needs", hint=_PACK)
    folder = kind == b"5" or name.endswith("/")
    if size < 0 or (folder and size):
        raise TaxonomyError(f"it is damaged: the size of {printable(name)} cannot be read", hint=_PACK)
    return Member(name, size, folder)


def _name(header: bytes) -> str:
    name = header[:100].split(b"\0", 1)[0]
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
    return _text(prefix + b"/" + name if prefix else name)


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        shown = printable(name.decode(errors="surrogateescape"))
        raise TaxonomyError(f"the name {shown} is not UTF-8", hint="rename it, and pack again") from error
