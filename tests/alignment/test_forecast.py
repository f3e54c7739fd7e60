import json
from pathlib import Path

import pytest

from tests.alignment.conftest import MakeData
from workbench.alignment.forecast import forecast, read_data
from workbench.alignment.options import AlignmentOptions
from workbench.errors import TrainingError
from workbench.training import memory
from workbench.workspace import Workspace


@pytest.fixture
def options(tiny_model: Path) -> AlignmentOptions:
    return AlignmentOptions(
        base_model=str(tiny_model), phase_1_epochs=2, phase_2_epochs=1, max_length=64, threads=1, device="cpu"
    )


def test_both_phases_are_looked_at(options: AlignmentOptions, workspace: Workspace, make_data: MakeData) -> None:
    make_data(knowledge=40, skills=16)
    found = forecast(options, workspace)
    assert list(found.phases) == ["Phase 1", "Phase 2"]
    assert (found.phases["Phase 1"].steps, found.phases["Phase 2"].steps) == (4, 1)
    assert found.fits
    found.check()
    assert found.seconds is not None
    assert "The phases together take about" in str(found)
    assert found._repr_html_().count("<h4>") == 2
    record = json.loads(json.dumps(found.record()))
    assert record["phases"]["Phase 2"]["memory"] > 0
    assert not list(workspace.folder("trained_models").glob("*/*"))


def test_what_cannot_fit_is_said_and_can_be_raised(
    options: AlignmentOptions, workspace: Workspace, make_data: MakeData, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_data(knowledge=0)
    room = memory.Room(1 << 20, "available on this machine")
    monkeypatch.setattr("workbench.training.estimate.room_of", lambda device: room)
    found = forecast(options, workspace)
    assert not found.fits
    assert found.seconds is None
    with pytest.raises(TrainingError, match="does not fit"):
        found.check()


def test_the_files_of_all_phases_are_counted(
    options: AlignmentOptions, workspace: Workspace, make_data: MakeData
) -> None:
    make_data(knowledge=5, skills=7)
    report = read_data(options, workspace)
    assert [(file.file, file.rows) for file in report.files] == [
        ("knowledge_train_msgs.jsonl", 5),
        ("skills_train_msgs.jsonl", 7),
    ]
