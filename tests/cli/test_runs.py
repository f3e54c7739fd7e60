import json

import pytest

from workbench.cli.runs import aligned, run_record, show_run, show_runs, whole_record
from workbench.options import Options
from workbench.workspace import Workspace


def test_columns_are_as_wide_as_they_must_be() -> None:
    assert aligned([("a", "b"), ("long", ""), ("x", "y")]) == "a     b\nlong\nx     y"


def test_a_run_that_is_not_done_has_no_result(workspace: Workspace) -> None:
    run = workspace.open_run("evaluations", "mine", Options(), {})
    assert run_record(run)["status"] == "queued"
    assert "manifest" not in whole_record(run)
    with run.hold() as attempt:
        attempt.finish({"score": 1})
    assert whole_record(run)["manifest"]["score"] == 1


def test_records_are_shown_as_text_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    records = [{"name": "a", "size": 3}]
    show_runs(records, "text", ("name", "size"))
    assert capsys.readouterr().out == "name  size\na     3\n"
    show_runs(records, "json")
    assert json.loads(capsys.readouterr().out) == records
    show_run({"name": "ä", "options": {"seed": 1}}, "text")
    assert capsys.readouterr().out == "name: ä\noptions:\n  seed: 1\n"
    show_run({"name": "ä"}, "json")
    assert capsys.readouterr().out == '{\n  "name": "ä"\n}\n'
