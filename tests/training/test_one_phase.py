import json
import resource
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import Checkpointed, OptionsError, RecordError, StorageError, TrainingError
from workbench.runs import Stop
from workbench.training.loop import Phase
from workbench.training.memory import Room
from workbench.training.one_phase import train_phase
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseRecord, PhaseSpec

OPTIONS = TrainingOptions(max_length=64, threads=1, device="cpu", validation_share=0.2, save_every_samples=7)
Event = dict[str, Any]


def write_rows(path: Path, count: int) -> Path:
    turns = [
        [{"role": "user", "content": f"What is {n} and 7?"}, {"role": "assistant", "content": f"It is {n * 7 % 10}."}]
        for n in range(count)
    ]
    path.write_text("".join(json.dumps({"messages": messages}) + "\n" for messages in turns))
    return path


@pytest.fixture
def spec(tiny_model: Path, tmp_path: Path) -> PhaseSpec:
    """Two epochs of three steps on twelve rows, two more validate."""
    file = write_rows(tmp_path / "rows.jsonl", 14)
    return PhaseSpec(tiny_model, file, tmp_path / "phase", 2, 4, 0.01, OPTIONS)


def train(spec: PhaseSpec, stop_behind: int = 0) -> tuple[PhaseRecord, list[Event]]:
    events: list[Event] = []
    stop = Stop()

    def report(event: Event) -> None:
        events.append(event)
        if "loss" in event and event["step"] == stop_behind:
            stop.request("a test")

    return train_phase(spec, report, stop), events


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_a_phase_leaves_checkpoints_and_a_record(spec: PhaseSpec, tiny_model: Path) -> None:
    record, _ = train(spec)
    assert (record.rows, record.validation_rows, record.steps, record.epochs) == (11, 3, 6, 2)
    names = [one["name"] for one in record.checkpoints]
    assert names == ["samples_8", "epoch_1", "samples_15", "epoch_2"]
    assert record.model == "epoch_2"
    assert PhaseRecord.read(spec.folder) == record
    best = min(record.checkpoints, key=lambda one: float(one["validation_loss"]))
    assert record.best == best["name"]
    assert weights(spec.folder / "epoch_1") != weights(tiny_model)
    config = json.loads((spec.folder / "epoch_2" / "config.json").read_text())
    assert "workbench" not in json.dumps(config)


def test_events_carry_what_is_worth_watching(spec: PhaseSpec) -> None:
    _, events = train(spec)
    first, *others = events
    assert first["peak_flops"] > 0
    assert "matrices" in first["peak"]
    assert "CPU" in first["sentence"]
    steps = [event for event in others if "loss" in event]
    assert [event["step"] for event in steps] == [1, 2, 3, 4, 5, 6]
    wanted = {"gradient_norm", "rate", "tokens_per_second", "target_tokens_per_second", "mfu", "memory", "memory_peak"}
    assert wanted | {"seconds_left"} <= steps[0].keys()
    assert 0 < steps[-1]["mfu"] < 1
    assert steps[-1]["memory_peak"] >= steps[-1]["memory"] > 1 << 20
    assert [event["step"] for event in others if "validation_loss" in event] == [2, 3, 4, 6]


@pytest.mark.parametrize("step", [1, 2, 3, 6])
def test_a_stop_behind_any_step_changes_no_bit(step: int, spec: PhaseSpec, tmp_path: Path) -> None:
    whole, _ = train(replace(spec, folder=tmp_path / "whole"))
    with pytest.raises(Checkpointed):
        train(spec, stop_behind=step)
    record, events = train(spec)
    assert [event["step"] for event in events if "loss" in event] == list(range(step + 1, 7))
    assert record.checkpoints == whole.checkpoints
    for name in ("samples_8", "epoch_1", "epoch_2"):
        assert weights(spec.folder / name) == weights(tmp_path / "whole" / name)


def test_a_stop_within_a_step_changes_no_bit(spec: PhaseSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(spec, options=OPTIONS.model_copy(update={"micro_batch_tokens": 40}))
    train(replace(small, folder=tmp_path / "whole"))
    stop, precision, calls = Stop(), Phase.precision, list[int]()

    def counted(phase: Phase) -> AbstractContextManager[Any]:
        calls.append(phase.progress.step)
        if calls.count(4) == 1:
            stop.request("a test")
        return precision(phase)

    monkeypatch.setattr(Phase, "precision", counted)
    with pytest.raises(Checkpointed, match="stopped at step 4 of 6"):
        train_phase(small, lambda event: None, stop)
    assert calls.count(4) == 1
    assert calls.count(0) > 1
    monkeypatch.undo()
    train(small)
    assert weights(spec.folder / "epoch_2") == weights(tmp_path / "whole" / "epoch_2")


def test_a_checkpoint_of_something_else_is_refused(spec: PhaseSpec) -> None:
    with pytest.raises(Checkpointed):
        train(spec, stop_behind=2)
    before = spec.state.read_bytes()
    for other in (
        replace(spec, learning_rate=0.02),
        replace(spec, options=OPTIONS.model_copy(update={"seed": 7})),
        replace(spec, file=write_rows(spec.folder.parent / "other.jsonl", 13)),
    ):
        with pytest.raises(TrainingError, match="a checkpoint of another base, of other data or of other options"):
            train(other)
    assert spec.state.read_bytes() == before
    train(spec)
    with pytest.raises(TrainingError, match="holds a finished phase of another base"):
        train(replace(spec, epochs=3))


def test_a_full_disk_ends_clearly_and_the_last_state_stays(spec: PhaseSpec, tmp_path: Path) -> None:
    train(replace(spec, folder=tmp_path / "whole"))
    with pytest.raises(Checkpointed):
        train(spec, stop_behind=2)
    before = spec.state.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(StorageError, match="no room left to write") as caught:
            train(spec)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "free some space" in caught.value.hint
    assert spec.state.read_bytes() == before
    assert not [path for path in spec.folder.rglob("*") if path.suffix in (".part", ".gone")]
    train(spec)
    assert weights(spec.folder / "epoch_2") == weights(tmp_path / "whole" / "epoch_2")


def test_what_was_chosen_at_first_is_kept(spec: PhaseSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less memory may be free at the second attempt, and sums in another order end in other weights."""
    with pytest.raises(Checkpointed):
        train(spec, stop_behind=1)
    chosen = json.loads((spec.folder / "chosen.json").read_text())
    monkeypatch.setattr("workbench.training.one_phase.estimate", None)
    record, _ = train(spec)
    assert record.facts["micro_batch_tokens"] == chosen["micro_batch_tokens"] > 0


def test_a_wish_counts_more_than_what_was_chosen(spec: PhaseSpec) -> None:
    with pytest.raises(Checkpointed):
        train(spec, stop_behind=1)
    record, _ = train(replace(spec, options=OPTIONS.model_copy(update={"micro_batch_tokens": 100})))
    assert record.facts["micro_batch_tokens"] == 100


def test_a_phase_that_cannot_fit_leaves_nothing(spec: PhaseSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.training.estimate.room_of", lambda device: Room(1 << 20, "available"))
    with pytest.raises(TrainingError, match="does not fit"):
        train(spec)
    assert not spec.folder.exists()


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        ("last", {"epoch_2"}),
        ("all", {"samples_8", "epoch_1", "samples_15", "epoch_2"}),
        ("chosen", {"samples_8", "epoch_1", "samples_15", "epoch_2"}),
    ],
)
def test_the_policy_holds_for_folders_and_state(policy: str, kept: set[str], spec: PhaseSpec) -> None:
    train(replace(spec, options=OPTIONS.model_copy(update={"keep_checkpoints": policy})))
    assert {path.name for path in spec.folder.iterdir() if path.is_dir()} - {"state"} == kept
    assert spec.state.is_file() == (policy == "all")


def test_the_whole_set_can_be_packed(spec: PhaseSpec) -> None:
    wishes = {"pack_whole_set": True, "micro_batch_tokens": 60}
    record, events = train(replace(spec, options=OPTIONS.model_copy(update=wishes)))
    assert record.steps == len([event for event in events if "loss" in event]) > 2
    assert record.model == "epoch_2"


def test_adapters_end_in_plain_weights(spec: PhaseSpec, tiny_model: Path) -> None:
    wishes = {"lora_rank": 4, "optimizer": "adamw"}
    record, _ = train(replace(spec, options=OPTIONS.model_copy(update=wishes)))
    folder = spec.folder / record.model
    assert weights(folder) != weights(tiny_model)
    assert len(weights(folder)) == pytest.approx(len(weights(tiny_model)), rel=0.01)
    assert (folder / "adapter" / "adapter_model.safetensors").is_file()


def test_a_finished_phase_is_not_trained_again(spec: PhaseSpec) -> None:
    record, _ = train(spec)
    again, events = train(spec)
    assert again == record
    assert events == []


def test_a_finished_phase_without_its_model_is_told(spec: PhaseSpec) -> None:
    record, _ = train(spec)
    (spec.folder / record.model / "config.json").unlink()
    with pytest.raises(TrainingError, match="epoch_2 is gone") as caught:
        train(spec)
    assert str(spec.folder) in caught.value.hint


@pytest.mark.parametrize("content", ["{", "{}", "[]", '[{"nam": 1}]'])
@pytest.mark.parametrize("name", ["chosen.json", "checkpoints.json", "record.json"])
def test_a_broken_file_of_a_phase_is_told(name: str, content: str, spec: PhaseSpec) -> None:
    with pytest.raises(Checkpointed):
        train(spec, 4)
    (spec.folder / name).write_text(content)
    if (name, content) == ("checkpoints.json", "{}") or (name, content) == ("checkpoints.json", "[]"):
        assert train(spec)[0].model == "epoch_2"
        return
    with pytest.raises(RecordError, match=name) as caught:
        train(spec)
    assert "delete it" in caught.value.hint


def test_what_a_kill_left_of_a_finished_phase_goes_with_the_next_start(spec: PhaseSpec) -> None:
    wished = replace(spec, options=OPTIONS.model_copy(update={"keep_checkpoints": "last"}))
    train(wished)
    names = sorted(path.name for path in spec.folder.iterdir())
    (spec.folder / "epoch_1.gone").mkdir()
    spec.state.parent.mkdir()
    spec.state.write_bytes(b"state")
    train(wished)
    assert sorted(path.name for path in spec.folder.iterdir()) == names


def test_keeping_the_best_needs_rows_to_validate_on(spec: PhaseSpec) -> None:
    wishes = {"keep_checkpoints": "best", "validation_share": 0.0}
    with pytest.raises(OptionsError, match="nothing says which is the best"):
        train(replace(spec, options=OPTIONS.model_copy(update=wishes)))
