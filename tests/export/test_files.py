import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from workbench.errors import ExportError
from workbench.export.files import appearing, check_room, read_object


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As on a full disk: the system refuses to make files larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "new" / "file"
    with appearing(out) as temporary:
        temporary.write_bytes(b"whole")
        assert not out.exists()
    assert out.read_bytes() == b"whole"
    assert [path.name for path in out.parent.iterdir()] == ["file"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "file"
    out.write_bytes(b"old")

    def write_half() -> None:
        with appearing(out) as temporary:
            temporary.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_a_killed_process_left_goes_and_what_another_writes_stays(tmp_path: Path) -> None:
    out, left, foreign = tmp_path / "file", tmp_path / f".file.{'0' * 32}", tmp_path / ".file.txt"
    left.write_bytes(b"half")
    foreign.write_bytes(b"mine")
    with appearing(out) as first:
        first.write_bytes(b"first")
        with appearing(out) as second:
            second.write_bytes(b"second")
            assert not left.exists()
            assert first.read_bytes() == b"first"
        assert out.read_bytes() == b"second"
    assert out.read_bytes() == b"first"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".file.txt", "file"]


def test_a_full_disk_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    out = tmp_path / "new" / "file"
    with (
        largest_file(1000),
        pytest.raises(ExportError, match=r"there is no room for .*file: nothing of it is left") as caught,
        appearing(out) as temporary,
    ):
        temporary.write_bytes(bytes(2000))
    assert f"df -h {out.parent}" in caught.value.hint
    assert not list(out.parent.iterdir())


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(ExportError, match=r"taken: File exists"), appearing(tmp_path / "taken" / "file"):
        pass


def test_room_is_looked_for_where_the_file_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def usage(path: Path) -> SimpleNamespace:
        asked.append(path)
        return SimpleNamespace(free=1 << 30)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    check_room(tmp_path / "new" / "folder" / "file", 1 << 30)
    assert set(asked) == {tmp_path}
    with pytest.raises(ExportError, match=r"it needs 3\.00 GiB, and 1\.00 are free"):
        check_room(tmp_path / "new" / "file", 3 << 30)
    assert not (tmp_path / "new").exists()


def test_json_must_be_an_object(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"a": 1}')
    assert read_object(path) == {"a": 1}
    path.write_text("[]")
    with pytest.raises(ExportError, match="it holds a list, not an object"):
        read_object(path)
