import gzip
import json
from pathlib import Path

import pytest

from workbench.cli.main import answer

Shown = pytest.CaptureFixture[str]


def test_a_taxonomy_is_packed_and_unpacked(tree: Path, tmp_path: Path, capsys: Shown) -> None:
    archive = tmp_path / "taxonomy.tar.gz"
    assert answer(["taxonomy", "pack", str(tree), str(archive)]) == 0
    assert capsys.readouterr().out == (f"{archive}: 2 files, {archive.stat().st_size:,} bytes\nverdict: valid\n")
    assert answer(["taxonomy", "unpack", str(archive), str(tmp_path / "back")]) == 0
    assert capsys.readouterr().out == (f"{tmp_path / 'back'}: 0 knowledge leaves, 1 skill in 2 files\nverdict: valid\n")


def test_a_taxonomy_with_errors_is_not_packed(tree: Path, tmp_path: Path, capsys: Shown) -> None:
    (tree / "compositional_skills/clocks/qna.yaml").write_text("version: 3\n")
    assert answer(["taxonomy", "pack", str(tree), str(tmp_path / "a.tar.gz")]) == 1
    shown = capsys.readouterr().out
    assert "missing-key" in shown
    assert "nothing was packed: mend the errors first" in shown
    assert not (tmp_path / "a.tar.gz").exists()


def test_a_taxonomy_with_errors_is_unpacked_and_answers_1(tree: Path, tmp_path: Path, capsys: Shown) -> None:
    from workbench.taxonomy.archive import pack

    (tree / "compositional_skills/clocks/qna.yaml").write_text("version: 3\n")
    pack(tree, tmp_path / "a.tar.gz")
    assert answer(["taxonomy", "unpack", str(tmp_path / "a.tar.gz"), str(tmp_path / "back")]) == 1
    assert "verdict: 3 errors" in capsys.readouterr().out
    assert (tmp_path / "back/compositional_skills/clocks/qna.yaml").is_file()


def test_json_is_all_that_stands_on_standard_output(tree: Path, tmp_path: Path, capsys: Shown) -> None:
    archive = str(tmp_path / "a.tar.gz")
    assert answer(["taxonomy", "pack", str(tree), archive, "--output", "json"]) == 0
    packed = json.loads(capsys.readouterr().out)
    assert list(packed) == ["valid", "archive", "files", "left_out", "size", "findings"]
    assert packed["files"] == [f"compositional_skills/clocks/{name}" for name in ("attribution.txt", "qna.yaml")]
    assert answer(["taxonomy", "unpack", archive, str(tmp_path / "b"), "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["valid"] is True


def test_a_refused_archive_answers_1_and_wrong_use_2(tree: Path, tmp_path: Path, capsys: Shown) -> None:
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(b"x" * 2000))
    assert answer(["taxonomy", "unpack", str(tmp_path / "a.tar.gz"), str(tmp_path / "b")]) == 1
    said = capsys.readouterr().err
    assert said == f"error: {tmp_path / 'a.tar.gz'} is refused: it is not a tar archive\nhint: fetch or pack it again\n"
    for arguments in (
        ["unpack", str(tmp_path / "nowhere"), str(tmp_path / "b")],
        ["unpack", str(tmp_path / "a.tar.gz"), str(tree)],
        ["unpack", str(tree), str(tmp_path / "a.tar.gz")],
        ["unpack", str(tmp_path / "a.tar.gz")],
        ["unpack", str(tmp_path / "a.tar.gz"), str(tmp_path / "b"), "--yaml-rules", "nowhere"],
        ["pack", str(tmp_path / "nowhere"), str(tmp_path / "c")],
        ["pack", str(tmp_path / "a.tar.gz"), str(tree)],
        ["pack", str(tree), str(tmp_path)],
    ):
        assert answer(["taxonomy", *arguments]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert "Traceback" not in shown.err
    assert not (tmp_path / "b").exists()
