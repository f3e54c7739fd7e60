import io
import struct
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import TaxonomyError
from workbench.taxonomy.member_names import Limits
from workbench.taxonomy.tar_reader import Member, TarReader


def _tar(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form) as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return target.getvalue()


def _read(data: bytes, limits: Limits | None = None) -> list[tuple[Member, bytes]]:
    reader = TarReader(io.BytesIO(data), limits or Limits())
    return [(member, b"".join(reader.blocks())) for member in reader]


def _file(name: str, **pax: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.pax_headers = pax
    return member


def _header(name: bytes, size: bytes = b"00000000000", kind: bytes = b"0") -> bytes:
    """A header by hand, with its checksum."""
    parts = (name, b"0000644", b"0000000", b"0000000", size, b"00000000000", b" " * 8, kind, b"", b"ustar\x0000")
    header = struct.pack("100s8s8s8s12s12s8s1s100s8s247x", *parts)
    return header[:148] + b"%06o\0 " % sum(header) + header[156:]


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=300).filter(
    lambda name: not name.endswith("/")
)


@given(
    files=st.lists(st.tuples(NAMES, st.binary(max_size=1500)), max_size=5),
    form=st.sampled_from([tarfile.GNU_FORMAT, 2]),
)
def test_the_standard_library_s_archives_are_read_as_it_reads_them(files: list[tuple[str, bytes]], form: int) -> None:
    data = _tar(*((tarfile.TarInfo(name), content) for name, content in files), form=form)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        names = [member.name for member in tar]
    assert [(member.name, content) for member, content in _read(data)] == [
        (name, content) for name, (_, content) in zip(names, files, strict=True)
    ]


def test_contents_that_nobody_asks_for_are_passed_over() -> None:
    data = _tar((tarfile.TarInfo("a"), b"x" * 700), (tarfile.TarInfo("b"), b""), (tarfile.TarInfo("c"), b"y"))
    assert [member.name for member in TarReader(io.BytesIO(data), Limits())] == ["a", "b", "c"]


def test_old_folders_end_with_a_slash() -> None:
    data = _header(b"a/", kind=b"\0") + _header(b"a/b", kind=b"\0") + bytes(1024)
    assert [(member.name, member.folder) for member, _ in _read(data)] == [("a/", True), ("a/b", False)]


def test_a_large_size_may_be_binary() -> None:
    binary = b"\x80" + (5).to_bytes(11, "big")
    [(member, content)] = _read(_header(b"a", binary) + b"hello".ljust(512, b"\0") + bytes(1024))
    assert (member.size, content) == (5, b"hello")


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        (b"\xff" * 12, "the size of a"),
        (b"9999", "the size of a"),
        (b"-1", "the size of a"),
        (b"77777777777", "over 64 MiB"),
        (b"\x80" + b"\xff" * 11, "over 64 MiB"),
    ],
)
def test_a_size_that_cannot_be_is_refused(size: bytes, reason: str) -> None:
    with pytest.raises(TaxonomyError, match=reason):
        _read(_header(b"a", size) + bytes(4096))


def test_a_folder_has_no_contents() -> None:
    with pytest.raises(TaxonomyError, match="the size of a"):
        _read(_header(b"a", b"00000000005", b"5") + bytes(4096))


def test_attributes_in_front_of_a_member_may_rename_and_resize_it() -> None:
    data = _tar((_file("short", path="a" * 200 + "/long", comment="x"), b"hello"))
    assert [(member.name, content) for member, content in _read(data)] == [("a" * 200 + "/long", b"hello")]
    resized = _tar((_file("a", size="5"), b"")).replace(b"00000000000\0" * 2, b"00000000000\0" * 2, 1)
    with pytest.raises(TaxonomyError):
        _read(resized[:1536] + bytes(512))


@pytest.mark.parametrize("size", ["-5", "٣", "1e3", "9" * 30, "x"])
def test_a_size_in_the_attributes_that_cannot_be_is_refused(size: str) -> None:
    with pytest.raises(TaxonomyError, match="size"):
        _read(_tar((_file("a", size=size), b"")))


@pytest.mark.parametrize(
    "record", [b"5 a=", b"99 path=x\n", b"x path=x\n", b"9 path x\n", b"0 path=x\n", b" =\n", b"3 =\n"]
)
def test_attributes_that_cannot_be_read_are_refused(record: bytes) -> None:
    body = record.ljust(512, b"\0")
    with pytest.raises(TaxonomyError, match="attributes"):
        _read(_header(b"x", b"%011o" % len(record), b"x") + body + _header(b"a") + bytes(1024))


def test_attributes_of_all_members_may_not_name_them() -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", pax_headers={"comment": "of git"}) as tar:
        tar.addfile(tarfile.TarInfo("a"))
    assert [member.name for member, _ in _read(target.getvalue())] == ["a"]
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", pax_headers={"path": "../b"}) as tar:
        tar.addfile(tarfile.TarInfo("a"))
    with pytest.raises(TaxonomyError, match="all its members"):
        _read(target.getvalue())


def test_sparse_files_are_refused_in_either_form() -> None:
    with pytest.raises(TaxonomyError, match="sparse"):
        _read(_tar((_file("a", **{"GNU.sparse.name": "b", "GNU.sparse.major": "1"}), b"")))


def test_many_small_attributes_take_little_time() -> None:
    body = b"6 a=b\n" * 170_000
    data = _header(b"x", b"%011o" % len(body), b"x") + body + bytes(-len(body) % 512) + _header(b"a") + bytes(1024)
    assert [member.name for member, _ in _read(data)] == ["a"]


def test_attributes_count_as_members() -> None:
    data = _tar(*((_file(f"{number}", comment="x"), b"") for number in range(3)))
    assert len(_read(data, Limits(members=6))) == 3
    with pytest.raises(TaxonomyError, match="more than 5 members"):
        _read(data, Limits(members=5))


def test_an_end_mark_is_needed() -> None:
    assert _read(bytes(512)) == []
    assert len(_read(_header(b"a") + bytes(512))) == 1
    with pytest.raises(TaxonomyError, match="ends in the middle"):
        _read(_header(b"a"))
    with pytest.raises(TaxonomyError, match="behind its end"):
        _read(bytes(1024) + _header(b"a"))


def test_attributes_of_a_member_take_little_room() -> None:
    with pytest.raises(TaxonomyError, match="more than 1 MiB"):
        _read(_tar((_file("a", comment="x" * 2**21), b"")))
