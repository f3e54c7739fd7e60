import errno
import json
import os
from pathlib import Path

import pytest

from workbench.errors import NotFoundError, RecordError, StorageError
from workbench.records import (
    JsonlWriter,
    digest_bytes,
    digest_file,
    digest_folder,
    digest_json,
    parse_line,
    read_json,
    read_jsonl,
    read_placed,
    write_bytes,
    write_json,
    write_text,
)


def test_a_file_is_written_whole_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.json"
    write_json(path, {"name": "Ö", "rate": 0.1})
    assert read_json(path) == {"name": "Ö", "rate": 0.1}
    assert "Ö" in path.read_text(encoding="utf-8")
    assert [file.name for file in path.parent.iterdir()] == ["b.json"]


def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def refuse(handle: int) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="no space"):
        write_bytes(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_number_that_json_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a.json", float("nan"))


def test_a_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{\n  "a": 1,\n  b\n}')
    with pytest.raises(RecordError, match=r"a\.json:3:3: not JSON"):
        read_json(path)
    path.write_bytes(b'{\n"a": "\xff"}')
    with pytest.raises(RecordError, match=r"a\.json:2: not UTF-8"):
        read_json(path)
    with pytest.raises(NotFoundError, match="there is no file"):
        read_json(tmp_path / "b.json")


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000])
def test_json_that_is_too_much_for_the_reader_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(RecordError, match=r"a\.json: not JSON that can be read"):
        read_json(tmp_path / "a.json")


def test_records_come_back_as_they_went(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with JsonlWriter(path) as writer:
        writer.append({"text": "two\nlines", "n": 1})
        writer.append({"text": "Ö"})
        assert len(list(read_jsonl(path))) == 2
    assert list(read_jsonl(path)) == [{"text": "two\nlines", "n": 1}, {"text": "Ö"}]


@pytest.mark.parametrize("half", ['{"n": 2', '{"n": "Ö"}'[:7], "\0\0\0"])
def test_a_half_written_last_line_is_left_out_and_cut(tmp_path: Path, half: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"n": 1}\n' + half.encode()[:8])
    assert list(read_jsonl(path)) == [{"n": 1}]
    with JsonlWriter(path) as writer:
        writer.append({"n": 3})
    assert path.read_text() == '{"n": 1}\n{"n":3}\n'


def test_a_whole_last_line_without_its_break_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"n": 1}')
    with JsonlWriter(path) as writer:
        writer.append({"n": 2})
    assert list(read_jsonl(path)) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize("line", ["{", "[1]", "3"])
def test_a_broken_line_in_between_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"n": 1}}\n\n{line}\n{{"n": 2}}\n')
    with pytest.raises(RecordError, match=r"rows\.jsonl:3: not a JSON object"):
        list(read_jsonl(path))


def test_missing_records_are_not_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file"):
        list(read_jsonl(tmp_path / "rows.jsonl"))


def test_a_very_long_half_line_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"n": 1}\n{"n": "' + "x" * (3 << 20))
    JsonlWriter(path).close()
    assert path.read_text() == '{"n": 1}\n'


def test_digests(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_bytes(b"abc") == digest_file(tmp_path / "a") == known
    assert digest_json({"a": 1, "b": [2]}) == digest_json(json.loads('{"b": [2], "a": 1}'))
    with pytest.raises(NotFoundError):
        digest_file(tmp_path / "b")


def test_a_folder_s_digest_is_over_names_and_contents(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        write_text(folder / "x" / "a.md", "one")
        write_text(folder / "b.md", "two")
    write_text(second / ".git" / "HEAD", "anything")
    assert digest_folder(first) == digest_folder(second)
    (second / "b.md").rename(second / "c.md")
    assert digest_folder(first) != digest_folder(second)
    with pytest.raises(NotFoundError):
        digest_folder(tmp_path / "third")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    writer = JsonlWriter(Path("/dev/full"))
    for act in (lambda: writer.append({"a": 1}), writer.close):
        with pytest.raises(StorageError, match="no room left to write /dev/full") as caught:
            act()
        assert "free some space" in caught.value.hint


def test_a_limit_on_files_is_told_like_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(StorageError, match=r"a\.json: No space left"):
        write_json(tmp_path / "a.json", {})
    assert list(tmp_path.iterdir()) == []


def test_lines_are_found_again_by_their_places(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with JsonlWriter(path) as writer:
        places = [writer.append({"word": "é" * number}) for number in range(5)]
    with JsonlWriter(path) as writer:
        places.append(writer.append({"word": "later"}))
    assert [place for place, _ in read_placed(path)] == places
    with path.open("rb") as file:
        file.seek(places[3])
        assert parse_line(file.readline()) == {"word": "ééé"}
