from pathlib import Path

from workbench.taxonomy.moves import find_moves


def _write(root: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (root / name).write_text(text)
    return sorted(texts)


def test_those_most_alike_belong_together(tmp_path: Path) -> None:
    gone = {"old1": "a\nb\nc\nd\n", "old2": "a\nb\nx\ny\n"}
    new = _write(tmp_path, one="a\nb\nx\nz\n", two="a\nb\nc\nd\n", three="p\nq\n")
    assert find_moves(gone, tmp_path, new) == {"two": "old1", "one": "old2"}


def test_half_of_the_lines_have_to_be_the_same(tmp_path: Path) -> None:
    new = _write(tmp_path, one="a\nb\ny\nz\n")
    assert find_moves({"old": "a\nb\nc\nd\n"}, tmp_path, new) == {"one": "old"}
    assert find_moves({"old": "a\nc\nd\ne\n"}, tmp_path, new) == {}


def test_each_is_used_once(tmp_path: Path) -> None:
    new = _write(tmp_path, one="a\n", two="a\n")
    assert find_moves({"old": "a\n"}, tmp_path, new) == {"one": "old"}


def test_files_that_cannot_be_read_are_no_moves(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    _write(tmp_path, empty="", large="a\n" * 2**18)
    assert find_moves({"old": "a\n"}, tmp_path, ["binary", "empty", "large", "nowhere"]) == {}


def test_among_very_many_only_the_same_are_recognised(tmp_path: Path) -> None:
    lines = "".join(f"{number}\n" for number in range(20_000))
    new = _write(tmp_path, same=lines, alike=lines + "x\n")
    gone = {"old1": lines, "old2": lines + "y\n"}
    assert find_moves(gone, tmp_path, new) == {"same": "old1"}
