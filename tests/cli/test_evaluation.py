import json
from pathlib import Path

import pytest

from workbench.cli.main import answer
from workbench.records import write_text
from workbench.workspace import Workspace

pytestmark = pytest.mark.usefixtures("quick")


def pictures(workspace: Workspace) -> None:
    """What the step would have drawn."""
    assert answer(["model", "evaluate"]) == 0
    (run,) = workspace.runs("evaluations")
    for name in ("report.html", "scores.svg", "scores.png"):
        write_text(run.artifacts / name, "drawn")


def test_a_person_gets_the_report_and_where_it_lies(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    pictures(workspace)
    assert answer(["model", "evaluate"]) == 0
    said = capsys.readouterr().out
    (run,) = workspace.runs("evaluations")
    assert "Proof questions answered right" in said
    assert f"report: {run.artifacts / 'report.html'}\n" in said


def test_a_program_gets_the_metrics_and_the_files(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    pictures(workspace)
    capsys.readouterr()
    assert answer(["model", "evaluate", "--output", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (run,) = workspace.runs("evaluations")
    assert found["model_metrics"] == run.manifest["model_metrics"]
    assert found["headline"]["trained_accuracy"] == 0.95
    assert found["files"]["folder"] == str(run.folder)
    assert found["files"]["results"] == {}
    assert all(Path(found["files"][name]).is_file() for name in ("report", "scores", "picture"))


def test_benchmarks_may_be_named_in_two_ways(workspace: Workspace) -> None:
    assert answer(["model", "evaluate", "--benchmark", "mmlu", "--benchmarks", "proof"]) == 0
    (run,) = workspace.runs("evaluations")
    assert run.options["benchmarks"] == ["mmlu", "proof"]


def test_a_benchmark_that_is_none_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "evaluate", "--benchmark", "mmlu_brunch"]) == 2
    assert "did you mean mmlu_branch?" in capsys.readouterr().err
