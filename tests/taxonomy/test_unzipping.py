import gzip
import io
import tracemalloc
import zlib
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import TaxonomyError
from workbench.taxonomy.member_names import Limits
from workbench.taxonomy.unzipping import Unzipped


def _all(data: bytes, step: int = 1000) -> bytes:
    unzipped = Unzipped(io.BytesIO(data), Limits())
    return b"".join(iter(lambda: unzipped.read_some(step), b""))


@given(parts=st.lists(st.binary(max_size=3000), min_size=1, max_size=4), step=st.integers(1, 5000))
def test_streams_behind_each_other_come_out_as_one(parts: list[bytes], step: int) -> None:
    assert _all(b"".join(gzip.compress(part) for part in parts), step) == b"".join(parts)
    assert _all(b"plain" + b"".join(parts), step) == b"plain" + b"".join(parts)


def test_an_exact_count_is_read_or_refused() -> None:
    unzipped = Unzipped(io.BytesIO(gzip.compress(b"x" * 200_000)), Limits())
    assert len(unzipped.read(150_000)) == 150_000
    assert unzipped.read(0) == b""
    with pytest.raises(TaxonomyError, match="ends in the middle"):
        unzipped.read(50_001)


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: data[:-9], lambda data: data + b"garbage"])
def test_a_packed_file_that_is_not_whole_is_refused(spoil: "type[bytes]") -> None:
    with pytest.raises(TaxonomyError):
        _all(spoil(gzip.compress(b"x" * 1000)))


def test_a_wrong_checksum_is_refused() -> None:
    data = bytearray(gzip.compress(b"x" * 1000))
    data[-5] ^= 255
    with pytest.raises(TaxonomyError, match="damaged"):
        _all(bytes(data))


def test_a_bomb_is_stopped_with_little_memory() -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join([*(packer.compress(bytes(2**20)) for _ in range(64)), packer.flush()])
    tracemalloc.start()
    try:
        for limits, reason in ((Limits(), "300 times"), (Limits(ratio=5000, total_bytes=2**25), "more than 32 MiB")):
            unzipped = Unzipped(io.BytesIO(bomb), limits)
            with pytest.raises(TaxonomyError, match=reason):
                deque(iter(lambda: unzipped.read_some(2**16), b""), maxlen=1)  # noqa: B023 - called at once
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_little_may_unpack_to_many_times_its_size() -> None:
    limits = Limits(ratio=100, ratio_from=2**20)
    assert len(Unzipped(io.BytesIO(gzip.compress(bytes(2**20))), limits).read(2**20)) == 2**20
    with pytest.raises(TaxonomyError, match="100 times"):
        Unzipped(io.BytesIO(gzip.compress(bytes(2**20 + 2**16))), limits).read(2**20 + 2**16)


@pytest.mark.parametrize(("magic", "name"), [(b"PK\x03\x04", "zip"), (b"\xfd7zXZ\0", "xz"), (b"Rar!\x1a", "rar")])
def test_other_archives_are_named(magic: bytes, name: str) -> None:
    with pytest.raises(TaxonomyError, match=name) as caught:
        _all(magic + b"rest")
    assert "workbench taxonomy pack" in caught.value.hint
