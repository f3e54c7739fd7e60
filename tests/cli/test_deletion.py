from pathlib import Path
from typing import Any

import click
import pytest

from workbench.cli.deletion import check_deletion, dependents
from workbench.cli.main import answer
from workbench.cli.models import one_model
from workbench.errors import ConflictError
from workbench.options import Options, option
from workbench.records import write_text
from workbench.runs import Run
from workbench.workspace import Workspace


class Named(Options):
    model: str = option("teacher", "model")
    critic_model: str = option("", "model that judges")
    near_duplicate: float = option(0.9, "a number")


@pytest.fixture
def filled(bundle: Path, workspace: Workspace) -> Workspace:
    """An embedded model `a`, a downloaded file and folder, and a trained run."""
    write_text(workspace.models / "teacher.gguf", "weights")
    write_text(workspace.models / "large" / "config.json", "{}")
    trained(workspace)
    return workspace


def trained(workspace: Workspace) -> Run:
    run = workspace.open_run("trained_models", "mine", Named(model="large"), {})
    with run.hold() as attempt:
        attempt.finish({"gguf": {}, "model": "Model"})
    return run


def test_a_download_that_nothing_needs_is_deleted(filled: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "delete", "--id", "teacher", "--yes"]) == 0
    assert capsys.readouterr().out == f"deleted {filled.models / 'teacher.gguf'}\n"
    assert not (filled.models / "teacher.gguf").exists()


def test_an_embedded_one_is_refused_even_by_force(filled: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "delete", "--id", "a", "--yes", "--force"]) == 2
    assert "a belongs to the workbench" in capsys.readouterr().err
    assert ConflictError.http_status == 409


def test_one_that_runs_need_is_kept_unless_forced(filled: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "delete", "--id", "large", "--yes"]) == 2
    shown = capsys.readouterr().err
    assert "large is needed by mine-" in shown
    assert "--force" in shown
    assert (filled.models / "large").is_dir()
    assert answer(["model", "delete", "--id", "large", "--yes", "--force"]) == 0
    assert not (filled.models / "large").exists()


def test_a_trained_one_goes_with_its_run(filled: Workspace) -> None:
    assert answer(["model", "delete", "--id", "mine", "--yes"]) == 0
    assert filled.runs("trained_models") == []


@pytest.mark.parametrize("named", ["mine", "folder", "id"])
def test_a_trained_one_that_was_evaluated_is_kept(filled: Workspace, named: str) -> None:
    run = filled.get("trained_models", "mine")
    name = {"mine": "mine", "folder": run.folder.name, "id": run.id}[named]
    filled.open_run("evaluations", "marks", Named(model=name), {})
    with pytest.raises(ConflictError, match="needed by marks-"):
        check_deletion(one_model("mine", filled), filled, force=False)
    check_deletion(one_model("mine", filled), filled, force=True)


@pytest.mark.parametrize("given", [{"critic_model": "teacher"}, {"model": "/elsewhere/teacher.gguf"}])
def test_every_part_that_a_model_can_play_counts(filled: Workspace, given: dict[str, Any]) -> None:
    filled.open_run("synthetic_data", "demo", Named(**({"model": "x"} | given)), {})
    found = [run.name for run in dependents(one_model("teacher", filled), filled)]
    assert found == ["demo"]
    assert not list(dependents(one_model("a", filled), filled))


def test_somebody_is_asked_on_a_terminal(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answer(["model", "delete", "--id", "teacher"]) == 2
    assert (filled.models / "teacher.gguf").exists()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    for said in (False, True):
        monkeypatch.setattr(click, "confirm", lambda question, said=said, **given: said)
        assert answer(["model", "delete", "--id", "teacher"]) == (0 if said else 2)
    assert not (filled.models / "teacher.gguf").exists()


def test_one_that_is_not_there_is_said(filled: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "delete", "--id", "teecher"]) == 2
    assert "did you mean teacher?" in capsys.readouterr().err
