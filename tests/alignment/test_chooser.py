from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.alignment.conftest import MakeData, Work
from workbench.alignment.choice import Choice, Values
from workbench.alignment.options import AlignmentOptions
from workbench.alignment.plan import Rule
from workbench.errors import Checkpointed
from workbench.evaluation.course import Course
from workbench.evaluation.examination import Examination
from workbench.evaluation.models import Subject
from workbench.records import read_json, read_jsonl
from workbench.runs import Stop
from workbench.training.phase_spec import PhaseRecord
from workbench.workspace import Workspace


@pytest.fixture
def choosing(options: AlignmentOptions) -> AlignmentOptions:
    """Two epochs in each phase."""
    return options.model_copy(update={"phase_2_epochs": 2})


def test_the_ends_of_epochs_are_asked_and_their_scores_kept(
    make_data: MakeData, work: Work, choosing: AlignmentOptions
) -> None:
    make_data(choices=30, heldout=30)
    run = work(choosing.model_copy(update={"save_every_samples": 8}))
    first, second = (phase["choice"] for phase in run.manifest["phases"])
    assert (first["by"], second["by"]) == ("mmlu_branch", "heldout")
    assert [one["name"] for one in first["candidates"]] == ["epoch_1", "epoch_2"]
    assert read_json(run.artifacts / "phase_1" / "choice.json") == first
    result = read_json(run.folder / "Eval" / "phase_1" / "epoch_1" / "mmlu_branch.json")
    assert result["models"] == {"trained": f"{run.folder.name}/phase_1/epoch_1"}
    assert result["trained"]["items"] == 30
    assert result["trained"]["score"] == first["candidates"][0]["score"]
    metrics = read_json(run.folder / "Eval" / "phase_1" / "epoch_1" / "model_metrics.json")
    assert metrics["mmlu_branch"]["error_rate"] == 0.0
    curves = {curve.name: [point.model for point in curve.points] for curve in Course(run).curves}
    assert curves == {
        "mmlu_branch": ["epoch 1 of phase 1", "epoch 2 of phase 1"],
        "heldout": ["epoch 1 of phase 2", "epoch 2 of phase 2"],
    }


def test_what_was_answered_is_not_asked_again(
    make_data: MakeData, work: Work, choosing: AlignmentOptions, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_data(choices=30)
    stop, ask, asked = Stop(), Examination.ask, list[str]()

    def and_stop(sitting: Examination, subject: Subject) -> None:
        asked.append(Path(subject.model).name)
        ask(sitting, subject)
        stop.request("a test")

    monkeypatch.setattr(Examination, "ask", and_stop)
    with pytest.raises(Checkpointed):
        work(choosing, stop)
    (run,) = workspace.runs("trained_models")
    journal = run.artifacts / "phase_1" / "choice" / "epoch_1" / "mmlu_branch_trained.jsonl"
    before = list(read_jsonl(journal))
    assert 0 < len(before) <= 30
    monkeypatch.setattr(Examination, "ask", ask)
    work(choosing)
    assert list(read_jsonl(journal))[: len(before)] == before
    assert len(list(read_jsonl(journal))) == 30
    assert asked[0] == "epoch_1"


@pytest.mark.parametrize(("keep", "left"), [("chosen", {"epoch_1"}), ("all", {"epoch_1", "epoch_2"})])
def test_the_next_phase_and_the_model_come_from_what_was_chosen(
    keep: str,
    left: set[str],
    make_data: MakeData,
    work: Work,
    choosing: AlignmentOptions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_data(choices=30, heldout=30)

    def the_first(rule: Rule, values: Mapping[str, Values], scores: object) -> Choice:
        return Choice(next(iter(values)), rule.by, rule.reason, "a test")

    monkeypatch.setattr("workbench.alignment.chooser.best_of", the_first)
    run = work(choosing.model_copy(update={"keep_checkpoints": keep}))
    assert [phase["model"] for phase in run.manifest["phases"]] == ["epoch_1", "epoch_1"]
    assert PhaseRecord.read(run.artifacts / "phase_2").model == "epoch_1"  # type: ignore[union-attr]
    for phase in run.manifest["phases"]:
        folder = run.artifacts / f"phase_{phase['phase']}"
        assert {path.name for path in folder.glob("epoch_*")} == left
        assert {one["name"] for one in phase["checkpoints"] if one["there"]} == left
    chosen = run.artifacts / "phase_2" / "epoch_1" / "model.safetensors"
    assert (run.folder / "Model" / "model.safetensors").read_bytes() == chosen.read_bytes()


def test_the_best_goes_on_where_it_is_to_be_kept(options: AlignmentOptions, make_data: MakeData, work: Work) -> None:
    make_data(knowledge=0)
    wishes = {"validation_share": 0.3, "keep_checkpoints": "best", "phase_2_learning_rate": 0.5, "phase_2_epochs": 4}
    run = work(options.model_copy(update=wishes))
    (phase,) = run.manifest["phases"]
    losses = {one["name"]: one["validation_loss"] for one in phase["checkpoints"]}
    assert phase["model"] == phase["best"] == min(losses, key=lambda name: float(losses[name]))
    folder = run.artifacts / "phase_2"
    best = folder / phase["best"] / "model.safetensors"
    assert (run.folder / "Model" / "model.safetensors").read_bytes() == best.read_bytes()
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {phase["best"], "epoch_4"}
