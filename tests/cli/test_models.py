import json
from pathlib import Path

import pytest

from workbench.cli.main import answer
from workbench.cli.models import all_models, one_model
from workbench.errors import NotFoundError
from workbench.options import Options
from workbench.records import write_json, write_text
from workbench.workspace import Workspace


@pytest.fixture
def filled(bundle: Path, workspace: Workspace) -> Workspace:
    """One trained run, one embedded file and one downloaded folder; other files are no models."""
    run = workspace.open_run("trained_models", "mine", Options(), {})
    write_text(run.folder / "Model" / "weights", "x" * 200_000)
    write_text(workspace.models / "large" / "config.json", "{}")
    write_text(workspace.models / "notes.txt", "")
    return workspace


def test_a_column_tells_where_models_come_from(filled: Workspace) -> None:
    found = [(model["name"], model["from"], model["status"]) for model in all_models(filled)]
    assert found == [("mine", "trained", "queued"), ("a", "embedded", "ready"), ("large", "downloaded", "ready")]
    assert all_models(filled)[0]["size"] == "0.2 MB"


def test_a_model_is_found_by_any_of_its_names(filled: Workspace) -> None:
    assert one_model("mine", filled)["from"] == "trained"
    assert one_model("a", filled) == one_model("a.gguf", filled)
    assert one_model("large", filled)["path"].endswith("models/large")
    with pytest.raises(NotFoundError, match="there is no model called lagre") as caught:
        one_model("lagre", filled)
    assert caught.value.hint == "did you mean large?"


def test_the_list_is_json_where_it_is_asked_for(filled: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "list", "--output", "json"]) == 0
    found = {model["name"]: model for model in json.loads(capsys.readouterr().out)}
    assert found["large"] == {
        "name": "large",
        "from": "downloaded",
        "status": "ready",
        "size": "0.0 MB",
        "path": str(filled.models / "large"),
    }
    assert found["mine"]["from"] == "trained"


def test_what_is_half_downloaded_is_no_model(filled: Workspace) -> None:
    write_text(filled.models / ".partial" / "half" / "config.json", "{}")
    write_text(filled.models / ".partial" / "0123abcd", "half")
    assert [model["name"] for model in all_models(filled)] == ["mine", "a", "large"]


def test_a_model_that_was_evaluated_shows_its_metrics(filled: Workspace) -> None:
    assert "model_metrics" not in one_model("mine", filled)
    metrics = {"mmlu": {"scores": {}, "overall_average": 0.51}, "tokens": {"training_phases": {}}}
    write_json(filled.get("trained_models", "mine").folder / "Eval" / "model_metrics.json", metrics)
    assert one_model("mine", filled)["model_metrics"] == metrics
