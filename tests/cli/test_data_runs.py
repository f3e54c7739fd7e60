import json
from pathlib import Path
from typing import Any

import pytest

from workbench.cli.data_runs import left_out_text
from workbench.cli.main import answer
from workbench.options import Options
from workbench.records import write_text
from workbench.runs import Run
from workbench.workspace import Workspace

Record = dict[str, Any]
LEAVES = [{"path": "knowledge/a", "kept": 4}, {"path": "compositional_skills/b", "kept": 3}]
SOURCES = [{"from": "taxonomy", "leaves": 2}, {"from": "run", "folder": "old-1"}, {"from": "file", "name": "a.jsonl"}]


@pytest.fixture
def data_run(workspace: Workspace) -> Run:
    run = workspace.open_run("synthetic_data", "mine", Options(), {})
    with run.hold() as attempt:
        write_text(run.folder / "heldout.jsonl", "{}\n" * 100_000)
        attempt.finish({"leaves": LEAVES, "sources": SOURCES, "model": "teacher"})
    return run


def model_run(workspace: Workspace, data: Run) -> Run:
    from workbench.alignment.options import AlignmentOptions

    return workspace.open_run("trained_models", "student", AlignmentOptions(data=data.name), {})


def test_the_list_says_what_a_run_holds_and_where_it_is_from(data_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["data", "list"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "folder", "status", "made", "samples", "size", "from", "says"]
    assert "taxonomy by teacher; run old-1; a.jsonl" in row
    assert " 7 " in row
    assert " 0.3 MB " in row
    assert answer(["data", "list", "--output", "json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["samples"], listed["leaves"], listed["id"]) == (7, 2, data_run.id)


def test_one_run_is_shown_with_its_files(data_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("mine", data_run.id, data_run.folder.name):
        assert answer(["data", "get", "--id", name, "--output", "json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["files"]["heldout.jsonl"] == 300_000
        assert "run.lock" not in shown["files"]
        assert shown["manifest"]["leaves"] == LEAVES


def test_a_run_that_is_not_done_holds_nothing_yet(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    workspace.open_run("synthetic_data", "half", Options(), {})
    assert answer(["data", "list", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["samples"] == 0


def test_a_run_is_deleted_whole_and_only_when_it_is_meant(
    data_run: Run, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(["data", "delete", "--id", "mine"]) == 2
    assert "nothing was deleted" in capsys.readouterr().err
    assert data_run.folder.is_dir()
    assert answer(["data", "delete", "--id", "mine", "--yes"]) == 0
    assert "deleted" in capsys.readouterr().out
    assert [path for path in workspace.folder("synthetic_data").iterdir() if path.is_dir()] == []
    assert answer(["data", "delete", "--id", "mine", "--yes"]) == 2


@pytest.mark.parametrize("done", [True, False])
def test_what_a_model_was_trained_on_is_kept(
    done: bool, data_run: Run, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    model = model_run(workspace, data_run)
    if done:
        with model.hold() as attempt:
            attempt.finish({"data": {"id": data_run.id, "name": "mine"}})
    assert answer(["data", "delete", "--id", "mine", "--yes"]) == 2
    assert model.folder.name in capsys.readouterr().err
    assert data_run.done
    model.remove()
    assert answer(["data", "delete", "--id", "mine", "--yes"]) == 0


def test_a_run_under_way_is_not_deleted(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    run = workspace.open_run("synthetic_data", "busy", Options(), {})
    with run.hold() as attempt:
        assert answer(["data", "delete", "--id", "busy", "--yes"]) == 2
        assert "being worked on" in capsys.readouterr().err
        attempt.finish({"leaves": []})


def test_reasons_are_told_where_there_are_any(tmp_path: Path) -> None:
    assert left_out_text({}) == ""
    assert left_out_text({"left_out": {"empty": 0, "duplicate": 0}}) == ""
    told = left_out_text({"left_out": {"duplicate": 1200, "bad_line": 1}})
    assert told == (
        "left out: 1,200 samples that another source has already; 1 line that cannot be read (Logs/bad_lines.jsonl)"
    )
