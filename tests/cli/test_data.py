import json

import pytest

from tests.cli.quick import LEAF, SKILL
from workbench.cli.main import answer
from workbench.workspace import Workspace


@pytest.mark.usefixtures("quick")
def test_data_is_generated_listed_and_shown(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["data", "generate", "--num-instructions", "5", "--name", "mine"]) == 0
    (run,) = workspace.runs("synthetic_data")
    assert run.options["num_instructions"] == 5
    out = capsys.readouterr().out
    assert out.endswith(f"\n{run.folder}: 5 samples kept for 2 leaves\n")
    head, first, second, total = out.splitlines()[1:5]
    assert head.split()[:6] == ["Leaf", "Kind", "Asked", "Made", "Kept", "Mixed"]
    assert first.split() == [LEAF, "knowledge", "2", "3", "2", "2", "0", "1:", "1", "faithful"]
    assert second.split()[0] == SKILL
    assert total.split()[:7] == ["all", "leaves", "5", "7", "5", "5", "0"]
    assert "1 NO" in out
    assert answer(["data", "list"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "folder", "status", "made", "samples", "size", "from", "says"]
    assert row.split()[:3] == ["mine", run.folder.name, "completed"]
    assert answer(["data", "get", "--id", run.id]) == 0
    assert "num_instructions: 5" in capsys.readouterr().out


@pytest.mark.usefixtures("quick")
def test_samples_and_an_estimate_are_shown_before_the_run(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(["data", "preview"]) == 0
    out = capsys.readouterr().out
    assert "When was Firemric Light completed?" in out
    assert "faithful: 1214: YES" in out
    assert "4,210, 12 of them answered already" in out
    assert answer(["data", "generate", "--dry-run"]) == 0
    short = capsys.readouterr().out
    assert "3 min at 20 requests/s on this machine" in short
    assert "Firemric" not in short
    (run,) = workspace.runs("synthetic_data")
    assert not run.done
    for arguments, key in ((["preview"], "samples"), (["generate", "--dry-run"], "requests")):
        assert answer(["data", *arguments, "--output", "json"]) == 0
        assert key in json.loads(capsys.readouterr().out)


def test_the_promise_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["data", "generate", "--help"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "5 leaves and 150 make 750 samples to keep" in out
    assert "samples to keep for each leaf, not in all" in out


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
