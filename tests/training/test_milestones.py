from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import MakeModel
from workbench.runs import Stop
from workbench.training import milestones as milestones_module
from workbench.training.encoding import Sample
from workbench.training.epochs import Epochs
from workbench.training.learner import Learner
from workbench.training.loop import Phase, Settings
from workbench.training.milestones import Milestones
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseSpec

Event = dict[str, Any]
Made = tuple[Phase, Milestones, list[Event], Stop]


@pytest.fixture
def make(
    make_model: MakeModel, samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Made]:
    """Two epochs of three steps on ten samples, two more validate; model folders hold nothing but the step."""
    monkeypatch.setattr(
        milestones_module, "write_model", lambda folder, *others: (folder / "model").write_text(folder.name)
    )

    def made(**options: Any) -> Made:
        spec = PhaseSpec(tmp_path, tmp_path, tmp_path / "phase", 2, 4, 0.01, TrainingOptions(**options))
        epochs = Epochs(samples[2:], 4, 2, seed=1)
        phase = Phase(Learner(make_model()), epochs, Settings(micro_batch_tokens=64), spec.state)
        events: list[Event] = []
        stop = Stop()
        held = samples[:2] if spec.options.validation_share else []
        return phase, Milestones(spec, None, epochs, held, events.append, stop), events, stop

    return made


def names(milestones: Milestones) -> list[tuple[str, int, int]]:
    return [(one.name, one.step, one.samples) for one in milestones.keeper.checkpoints]


def run(made: Made) -> None:
    phase, milestones, _, stop = made
    milestones.catch_up(phase)
    phase.run(lambda event: None, stop, milestones)


def test_an_epoch_ends_in_a_checkpoint(make: Callable[..., Made], tmp_path: Path) -> None:
    made = make()
    run(made)
    assert names(made[1]) == [("epoch_1", 3, 10), ("epoch_2", 6, 20)]
    assert (tmp_path / "phase" / "epoch_2" / "model").is_file()
    assert made[2] == []
    assert made[0].state.is_file()


def test_so_many_samples_do_too(make: Callable[..., Made]) -> None:
    made = make(save_every_samples=6)
    run(made)
    assert names(made[1]) == [
        ("samples_8", 2, 8),
        ("epoch_1", 3, 10),
        ("samples_14", 4, 14),
        ("samples_18", 5, 18),
        (
            "epoch_2",
            6,
            20,
        ),
    ]


def test_every_checkpoint_has_a_validation_loss(make: Callable[..., Made]) -> None:
    made = make(validation_share=0.2, validate_every=2)
    run(made)
    assert [event["step"] for event in made[2]] == [2, 3, 4, 6]
    losses = [one.validation_loss for one in made[1].keeper.checkpoints]
    assert losses == [event["validation_loss"] for event in made[2] if event["step"] in (3, 6)]


def test_a_stop_while_it_validates_leaves_the_checkpoint_to_the_next_attempt(
    make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(validation_share=0.2)
    phase = made[0]
    phase.curriculum.steps = 3
    with monkeypatch.context() as stopped:
        stopped.setattr(milestones_module, "validation_loss", lambda *arguments: None)
        run(made)
    phase.save()
    assert names(made[1]) == []
    again = make(validation_share=0.2)
    assert again[0].progress.step == 3
    again[1].catch_up(again[0])
    assert names(again[1]) == [("epoch_1", 3, 10)]
    assert [event["step"] for event in again[2]] == [3]


def test_what_was_made_is_not_made_again(make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch) -> None:
    run(make())
    again = make()

    def fail(*arguments: Any) -> None:
        raise AssertionError("it is there")

    monkeypatch.setattr(milestones_module, "write_model", fail)
    again[1].catch_up(again[0])
    assert names(again[1]) == [("epoch_1", 3, 10), ("epoch_2", 6, 20)]


def test_the_state_is_saved_after_some_time(make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch) -> None:
    phase, milestones, _, stop = make()
    saved: list[int] = []
    monkeypatch.setattr(phase, "save", lambda: saved.append(phase.progress.step))
    monkeypatch.setattr(milestones_module, "_MOST_LOST", -1.0)
    phase.run(lambda event: None, stop, milestones)
    assert set(saved) == {1, 2, 3, 4, 5, 6}
