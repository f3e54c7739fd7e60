import json
from pathlib import Path

import pytest

from workbench.errors import NotFoundError, RecordError
from workbench.training.sources import placed_rows


def written(folder: Path, data: bytes, name: str = "train.jsonl") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_rows_have_the_numbers_of_their_lines(tmp_path: Path) -> None:
    path = written(tmp_path, b'\xef\xbb\xbf{"a": 1}\r\n\n  \n{"a": "\\ud83d\\ude42"}')
    assert list(placed_rows(path)) == [(1, {"a": 1}), (4, {"a": "🙂"})]


@pytest.mark.parametrize("name", ["notes.md", "notes.TXT"])
def test_a_text_is_one_document(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffEin Wort.\r\nÉté.".encode(), name)
    assert list(placed_rows(path)) == [(1, {"document": "Ein Wort.\r\nÉté."})]


@pytest.mark.parametrize("name", ["train.json", "train.jsonl"])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_is_its_items(name: str, indent: int | None, tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps([{"a": 1}, {"a": 2}], indent=indent).encode(), name)
    assert list(placed_rows(path)) == [(1, {"a": 1}), (2, {"a": 2})]


def test_a_json_file_may_hold_lines(tmp_path: Path) -> None:
    assert list(placed_rows(written(tmp_path, b'{"a": 1}\n{"a": 2}\n', "lines.json"))) == [(1, {"a": 1}), (2, {"a": 2})]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'{"a": 1}\n{broken\n{"a": 2}\n', r"train\.jsonl:2:2: not a JSON object"),
        (b'{"a": 1}\n[1, 2]\n', r"train\.jsonl:2: not a JSON object: it is a list"),
        (b'{"a": 1}\n{"a": "\xff"}\n', r"train\.jsonl:2: not UTF-8 at byte 8"),
        (b'{"a": "\\uD83d"}\n', r"train\.jsonl:1: .*surrogate"),
        (b'{"a": 1}\n{"a": "cut of', r"train\.jsonl:2:7: not a JSON object"),
        (b'{"a": 1}\n' + b"[" * 100_000 + b"\n", r"train\.jsonl:2: not a JSON object"),
    ],
)
def test_a_broken_line_is_told_with_its_place(data: bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=told) as caught:
        list(placed_rows(written(tmp_path, data)))
    assert caught.value.hint
    assert ("cut off" in caught.value.hint) is not data.endswith(b"\n")


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("notes.md", b"A\nB \xff", "notes.md:2: not UTF-8"),
        ("train.json", b'[{"a": 1},\n{]', "train.json:2: not JSON"),
        ("train.json", b"[1]", "item 1 is no JSON object"),
        ("train.json", b'["\\ud800"]', "cannot be read|can be read"),
        ("train.json", b"[" * 100_000, "not JSON that can be read"),
        ("train.jsonl.gz", b"\x1f\x8b\x08", "it is packed"),
        ("train.parquet", b"PAR1", ".parquet is no training file"),
        ("train", b"", "no ending is no training file"),
    ],
)
def test_a_file_of_another_kind_is_told(name: str, data: bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=told) as caught:
        list(placed_rows(written(tmp_path, data, name)))
    assert caught.value.hint


def test_a_folder_names_the_files_in_it(tmp_path: Path) -> None:
    written(tmp_path, b"", "one.jsonl")
    with pytest.raises(RecordError, match="it is a folder") as caught:
        list(placed_rows(tmp_path))
    assert "one.jsonl" in caught.value.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"there is no training file .*none\.jsonl") as caught:
        list(placed_rows(tmp_path / "none.jsonl"))
    assert caught.value.hint
