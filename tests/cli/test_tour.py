import json
from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest

from workbench.alignment.options import AlignmentOptions
from workbench.cli import tour as module
from workbench.cli.main import answer
from workbench.errors import TrainingError
from workbench.evaluation.options import EvaluationOptions
from workbench.generation.options import GenerationOptions
from workbench.notebook import start
from workbench.options import Options
from workbench.workspace import Workspace

STEPS: dict[str, tuple[str, type[Options]]] = {
    "03_generate": ("generate", GenerationOptions),
    "04_train": ("train", AlignmentOptions),
    "05_evaluate": ("evaluate", EvaluationOptions),
}
Calls = list[tuple[str, Mapping[str, object]]]


@pytest.fixture
def executed(quick: None, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Notebooks are taken as executed when their step is done."""
    calls: Calls = []

    def execute(source: Path, target: Path, parameters: Mapping[str, object], workspace: Workspace) -> None:
        calls.append((source.stem, parameters))
        if source.stem in STEPS:
            step, options = STEPS[source.stem]
            start(step, options.parse(parameters), workspace=workspace).wait()
        target.parent.mkdir(parents=True, exist_ok=True)
        cells = [nbformat.v4.new_markdown_cell(f"# {source.stem}")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), target)

    monkeypatch.setattr(module, "execute", execute)
    return calls


def test_all_notebooks_are_taken_in_order(
    executed: Calls, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(["tour"]) == 0
    names = ["01_taxonomy", "02_diff", "03_generate", "04_train", "05_evaluate", "06_chat"]
    assert executed == [(name, {}) for name in names]
    folder = workspace.tours / "demo"
    assert sorted(path.stem for path in folder.glob("*.ipynb")) == names
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["trained_accuracy"] == 0.95
    assert summary["reused"] == 0
    out, err = capsys.readouterr()
    assert "trained_accuracy     95.0 %" in out
    assert f"report            {folder / 'report.html'}" in out
    assert (folder / "report.html").is_file()
    assert "[4/6] 04_train" in err


def test_run_again_it_reuses_what_is_done(executed: Calls, workspace: Workspace) -> None:
    assert answer(["tour"]) == 0
    assert answer(["tour"]) == 0
    assert json.loads((workspace.tours / "demo" / "summary.json").read_text())["reused"] == 3


def test_its_name_is_that_of_its_runs(executed: Calls, workspace: Workspace) -> None:
    assert answer(["tour", "--name", "mine"]) == 0
    expected = [{}, {}, {"name": "mine"}, {"data": "mine", "name": "mine"}, {"model": "mine", "name": "mine"}]
    assert [parameters for _, parameters in executed] == [*expected, {"model": "mine"}]
    assert workspace.get("evaluations", "mine").done


def test_a_fresh_tour_begins_from_nothing(executed: Calls, workspace: Workspace) -> None:
    assert answer(["tour"]) == 0
    other = workspace.open_run("evaluations", "other", Options(), {})
    assert answer(["tour", "--fresh"]) == 0
    assert json.loads((workspace.tours / "demo" / "summary.json").read_text())["reused"] == 0
    assert other.folder.is_dir()


def test_what_is_being_worked_on_is_not_removed(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    run = workspace.open_run("trained_models", "demo", Options(), {})
    with run.hold() as attempt:
        assert answer(["tour", "--fresh"]) == 2
        assert "is being worked on" in capsys.readouterr().err
        attempt.finish({})
    assert run.folder.is_dir()


def test_a_notebook_that_fails_ends_the_tour(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def execute(source: Path, *others: object) -> None:
        raise TrainingError(f"{source.stem} failed", hint="try again")

    monkeypatch.setattr(module, "execute", execute)
    assert answer(["tour"]) == 1
    assert "error: 01_taxonomy failed\nhint: try again\n" in capsys.readouterr().err
    assert not (workspace.tours / "demo" / "summary.json").exists()


@pytest.mark.usefixtures("bundle")
def test_without_notebooks_the_way_to_them_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "notebooks_folder", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    assert answer(["tour"]) == 2
    assert "hint: workbench init DIR" in capsys.readouterr().err
