import json
from pathlib import Path

import pytest

from workbench.cli.main import answer
from workbench.workspace import Workspace


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("bundle")
def test_a_folder_to_work_in_is_laid_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "my work"
    assert answer(["init", str(folder)]) == 0
    expected = {"notebooks/01_first.ipynb", "taxonomy/knowledge/a/qna.yaml", "assets/presets/large.yaml", ".workbench"}
    assert files(folder) == expected
    assert json.loads((folder / ".workbench").read_text())["workbench"]
    assert "3 files made\nnext: cd " in capsys.readouterr().out


@pytest.mark.usefixtures("bundle")
def test_what_is_there_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "work"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "notebooks" / "01_first.ipynb").write_text("mine")
    assert answer(["init", str(folder)]) == 0
    assert (folder / "notebooks" / "01_first.ipynb").read_text() == "mine"
    assert "2 files made, 1 kept as they were" in capsys.readouterr().out


@pytest.mark.usefixtures("bundle")
def test_the_folder_becomes_the_project_s_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "work"
    answer(["init", str(folder)])
    monkeypatch.delenv("WORKBENCH_WORKSPACE")
    monkeypatch.chdir(folder / "notebooks")
    assert Workspace.find().root == folder / "workspace"


def test_an_incomplete_installation_is_named(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bundle / "notebooks" / "01_first.ipynb").unlink()
    (bundle / "notebooks").rmdir()
    assert answer(["init", str(bundle / "x")]) == 2
    assert "notebooks is missing from this installation" in capsys.readouterr().err
