import json

import pytest

from workbench.cli.main import answer
from workbench.workspace import Workspace


@pytest.mark.usefixtures("quick")
def test_data_is_generated_listed_and_shown(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["data", "generate", "--num-instructions", "5", "--name", "mine"]) == 0
    (run,) = workspace.runs("synthetic_data")
    assert run.options["num_instructions"] == 5
    assert capsys.readouterr().out == f"{run.folder}: 5 samples kept for 2 leaves\n"
    assert answer(["data", "list"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "folder", "status", "made", "says"]
    assert row.split()[:3] == ["mine", run.folder.name, "completed"]
    assert answer(["data", "get", "--id", run.id]) == 0
    assert "num_instructions: 5" in capsys.readouterr().out


@pytest.mark.usefixtures("quick")
def test_programs_get_json(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["data", "generate", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["leaves"][0]["kept"] == 2
    assert answer(["data", "list", "--output", "json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["name"] == "demo"
    assert answer(["data", "get", "--id", "demo", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["manifest"]["id"] == listed["id"]


@pytest.mark.usefixtures("quick")
def test_what_is_done_is_found_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["data", "generate"]) == 0
    first = capsys.readouterr()
    assert answer(["data", "generate"]) == 0
    again = capsys.readouterr()
    assert again.out == first.out
    assert "Reused: demo-" in again.err


def test_a_run_that_is_not_there_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["data", "get", "--id", "demo"]) == 2
    assert "there is no synthetic data called demo" in capsys.readouterr().err
    assert answer(["data", "list"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "nothing was made yet\n")


def test_an_option_out_of_range_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["data", "generate", "--num-instructions", "0"]) == 2
    assert "--num-instructions" in capsys.readouterr().err
