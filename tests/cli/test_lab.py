import os
import sys
from pathlib import Path

import pytest

from workbench.cli import lab as module
from workbench.cli.lab import lab_command
from workbench.cli.main import answer


@pytest.fixture
def project(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder was laid out by init."""
    folder = tmp_path / "work"
    assert answer(["init", str(folder)]) == 0
    monkeypatch.chdir(folder)
    return folder


def test_the_first_notebook_is_in_front(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    command = lab_command(project, ("--no-browser",))
    assert command == [
        *(sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={project}"),
        *("--LabApp.default_url=/lab/tree/notebooks/01_first.ipynb", "--no-browser"),
    ]


def test_jupyter_takes_this_process_s_place(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    called: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: called.append(arguments))
    assert answer(["lab", "--no-browser", "--workspace", str(tmp_path / "other")]) == 0
    ((program, command, variables),) = called
    assert program == sys.executable
    assert f"--ServerApp.root_dir={project}" in command
    assert "--no-browser" in command
    assert variables["WORKBENCH_WORKSPACE"] == str(tmp_path / "other")


def test_without_notebooks_the_way_to_them_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "clone_folder", lambda: None)
    monkeypatch.chdir(tmp_path)
    assert answer(["lab"]) == 2
    assert "hint: workbench init DIR" in capsys.readouterr().err
