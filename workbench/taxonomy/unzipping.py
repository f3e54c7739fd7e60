"""The bytes of a tar file, plain or packed by gzip, unpacked while they are read and counted against limits."""

import zlib
from typing import BinaryIO

from workbench.errors import TaxonomyError
from workbench.taxonomy.member_names import Limits

_BLOCK = 1 << 16
_GZIP = b"\x1f\x8b"
_OTHERS = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "packed by bzip2",
    b"\xfd7zXZ": "packed by xz",
    b"\x28\xb5\x2f\xfd": "packed by zstd",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
}
_GZIP_FORMAT = 16 + zlib.MAX_WBITS
_PACK = "pack it with: workbench taxonomy pack DIR ARCHIVE, or tar -czf"


class Unzipped:
    """Holds one block at a time, however much a file unpacks to; raises TaxonomyError beyond a limit."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file, self._limits = file, limits
        self._packed = self._given = 0
        self._waiting = self._take()
        self._block, self._at = b"", 0
        self._unzip = zlib.decompressobj(_GZIP_FORMAT) if self._waiting.startswith(_GZIP) else None
        other = next((words for magic, words in _OTHERS.items() if self._waiting.startswith(magic)), "")
        if other or not self._waiting:
            raise TaxonomyError(f"it is {other or 'empty'}, not a tar.gz", hint=_PACK)

    def read(self, count: int) -> bytes:
        """Exactly so many bytes; TaxonomyError where it ends before."""
        parts = []
        while count:
            part = self.read_some(count)
            if not part:
                raise TaxonomyError("it ends in the middle", hint="fetch or pack it again")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def read_some(self, most: int) -> bytes:
        """At least one byte and at most so many; none at the end."""
        if self._at == len(self._block):
            self._block, self._at = self._next(), 0
            self._given += len(self._block)
            self._check()
        part = self._block[self._at : self._at + most]
        self._at += len(part)
        return part

    def _next(self) -> bytes:
        if self._unzip is None:
            block, self._waiting = self._waiting, b""
            return block or self._take()
        try:
            return self._unzipped(self._unzip)
        except zlib.error as error:
            raise TaxonomyError(f"it is damaged: {error}", hint="fetch or pack it again") from error

    def _unzipped(self, unzip: "zlib._Decompress") -> bytes:
        while True:
            self._waiting = self._waiting or self._take()
            if unzip.eof:
                # Streams behind each other are one file; zeros between them fill a block.
                self._waiting = self._waiting.lstrip(b"\0") or self._take().lstrip(b"\0")
                if not self._waiting:
                    return b""
                self._unzip = unzip = zlib.decompressobj(_GZIP_FORMAT)
            if not self._waiting:
                raise TaxonomyError("it ends in the middle", hint="fetch or pack it again")
            data = unzip.decompress(self._waiting, _BLOCK)
            self._waiting = unzip.unconsumed_tail or unzip.unused_data
            if data:
                return data

    def _take(self) -> bytes:
        block = self._file.read(_BLOCK)
        self._packed += len(block)
        return block

    def _check(self) -> None:
        limits = self._limits
        if self._given > limits.total_bytes:
            raise TaxonomyError(f"it unpacks to more than {limits.total_bytes >> 20} MiB, which is the limit")
        if self._given > max(limits.ratio_from, limits.ratio * self._packed):
            raise TaxonomyError(f"it unpacks to more than {limits.ratio} times its size, which is the limit")
