import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import NotFoundError, RecordError
from workbench.generation.row_files import FileRows, read_rows

ROW = {"question": "Who?", "answer": "She."}
LINE = json.dumps(ROW)


def written(tmp_path: Path, content: str | bytes, name: str = "rows.jsonl") -> FileRows:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_rows(path)


def test_every_bad_line_is_reported_with_its_place_and_reason(tmp_path: Path) -> None:
    found = written(tmp_path, f'{LINE}\n\n{{"a": 1}}\n{LINE}\n{{broken\n[1]\n{LINE}')
    assert [line for line, _ in found.rows] == [1, 4, 7]
    assert [str(bad).removeprefix(f"{tmp_path}/") for bad in found.bad] == [
        "rows.jsonl:3: neither `messages` nor `question` and `answer`",
        "rows.jsonl:5: not JSON: Expecting property name enclosed in double quotes at column 2",
        "rows.jsonl:6: it is a list, not an object",
    ]
    assert found.bad[0].record() == {
        "file": "rows.jsonl", "line": 3, "reason": "neither `messages` nor `question` and `answer`"
    }  # fmt: skip
    assert not found.hopeless


def test_a_mark_of_byte_order_and_windows_line_ends_are_no_fault(tmp_path: Path) -> None:
    assert len(written(tmp_path, b"\xef\xbb\xbf" + f"{LINE}\r\n{LINE}\r\n".encode()).rows) == 2
    assert len(written(tmp_path, b"\xef\xbb\xbf" + f"[{LINE}]".encode(), "rows.json").rows) == 1


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"question": "\xff"}', "not UTF-8"),
        (b'{"question": "\\ud800", "answer": "x"}', "surrogate"),
        (b"[" * 100_000, "not JSON"),
        (b'{"question": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"\x00\x01\x02", "not JSON"),
    ],
)
def test_what_is_no_text_is_a_bad_line(content: bytes, said: str, name: str, tmp_path: Path) -> None:
    found = written(tmp_path, content, name)
    assert not found.rows
    assert found.bad[0].line == 1
    assert said in found.bad[0].reason
    assert found.hopeless


def test_items_of_a_list_have_the_lines_they_begin_on(tmp_path: Path) -> None:
    found = written(tmp_path, f'[\n  {LINE},\n  {{"a": 1}},\n  {json.dumps(ROW, indent=2)},\n  3\n]\n', "rows.json")
    assert [line for line, _ in found.rows] == [2, 4]
    assert [bad.line for bad in found.bad] == [3, 8]


@pytest.mark.parametrize(
    ("content", "rows", "line"),
    [
        (f"[{LINE},\n{LINE}", 2, 2),
        (f"[{LINE}\n{LINE}]", 1, 2),
        (f"[{LINE}]\nmore", 1, 1),
        (f"[{LINE},\n{{]", 1, 2),
    ],
)
def test_a_broken_list_gives_what_stands_before_the_break(content: str, rows: int, line: int, tmp_path: Path) -> None:
    found = written(tmp_path, content, "rows.json")
    assert len(found.rows) == rows
    assert [bad.line for bad in found.bad] == [line]


def test_objects_one_after_the_other_are_read_from_a_json_file_too(tmp_path: Path) -> None:
    assert [line for line, _ in written(tmp_path, f"{LINE}\n{LINE}\n", "rows.json").rows] == [1, 2]
    assert written(tmp_path, "", "rows.json").rows == []
    assert written(tmp_path, "[]", "rows.json").rows == []


@settings(max_examples=40, deadline=None)
@given(lines=st.lists(st.sampled_from([LINE, '{"a": 1}', "[]", "", "nonsense", '"x"']), max_size=30))
def test_each_line_is_a_row_or_reported(lines: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    found = written(tmp_path_factory.mktemp("rows"), "\n".join(lines))
    assert [line for line, _ in found.rows] == [n for n, text in enumerate(lines, 1) if text == LINE]
    assert [bad.line for bad in found.bad] == [n for n, text in enumerate(lines, 1) if text not in (LINE, "")]


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["messages", "role", "x"]), inner),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None)
@given(items=st.lists(json_values, max_size=6), indent=st.sampled_from([None, 0, 2]))
def test_any_json_list_is_read_item_by_item(
    items: list[Any], indent: int | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = written(tmp_path_factory.mktemp("rows"), json.dumps(items, indent=indent), "rows.json")
    assert len(found.rows) + len(found.bad) == len(items)


def test_files_of_other_kinds_and_missing_ones(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"\.csv is no file of rows"):
        written(tmp_path, "a,b", "rows.csv")
    with pytest.raises(NotFoundError):
        read_rows(tmp_path / "nowhere.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(RecordError, match="a folder"):
        read_rows(tmp_path / "folder.jsonl")
