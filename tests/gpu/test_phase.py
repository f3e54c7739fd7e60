"""Whole phases on a GPU: they learn what they learn on a processor, go on, and say when memory runs out."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.gpu.conftest import DEVICE
from workbench.errors import Checkpointed, TrainingError
from workbench.runs import Stop
from workbench.training.loop import Phase
from workbench.training.one_phase import train_phase
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseRecord, PhaseSpec

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]
OPTIONS = TrainingOptions(device=DEVICE, precision="float32", micro_batch_tokens=2048, max_length=512)
WAYS: dict[str, dict[str, Any]] = {
    "muon": {},
    "adamw": {"optimizer": "adamw"},
    "bfloat16": {"precision": "bfloat16"},
    "bfloat16_weights": {"precision": "bfloat16_weights", "optimizer": "adamw"},
    "padded": {"precision": "bfloat16", "attention": "padded"},
    "checkpointing": {"precision": "bfloat16", "activation_checkpointing": "on"},
    "compile": {"precision": "bfloat16", "compile": True},
    "lora": {"precision": "bfloat16", "optimizer": "adamw", "lora_rank": 8},
    "lora, checkpointing": {
        "precision": "bfloat16", "optimizer": "adamw", "lora_rank": 8, "activation_checkpointing": "on",
    },
    "qlora": {"precision": "bfloat16", "optimizer": "adamw", "lora_rank": 8, "quantize_base": "nf4"},
    "adamw_8bit": {"precision": "bfloat16", "optimizer": "adamw_8bit"},
}  # fmt: skip
Event = dict[str, Any]


def train(spec: PhaseSpec, stop_behind: int = 0) -> tuple[PhaseRecord, list[Event]]:
    """The record, and the events of steps."""
    events: list[Event] = []
    stop = Stop()

    def report(event: Event) -> None:
        if "loss" in event:
            events.append(event)
            if event["step"] == stop_behind:
                stop.request("a test")

    return train_phase(spec, report, stop), events


def losses(events: list[Event]) -> list[float]:
    return [event["loss"] for event in events]


@pytest.fixture
def spec(seedling: Path, seedling_rows: Path, tmp_path: Path) -> PhaseSpec:
    """Two epochs of ten steps."""
    return PhaseSpec(seedling, seedling_rows, tmp_path / "phase", 2, 8, 1e-3, OPTIONS)


def on_the_processor(spec: PhaseSpec, folder: Path) -> list[float]:
    options = spec.options.model_copy(update={"device": "cpu", "precision": "float32"})
    return losses(train(replace(spec, folder=folder, options=options))[1])


def test_a_gpu_learns_what_a_processor_learns(spec: PhaseSpec, tmp_path: Path) -> None:
    expected = on_the_processor(spec, tmp_path / "cpu")
    _, events = train(spec)
    assert losses(events) == pytest.approx(expected, rel=1e-2)
    half = replace(spec, folder=tmp_path / "half", options=spec.options.model_copy(update={"precision": "bfloat16"}))
    record, events = train(half)
    assert losses(events) == pytest.approx(expected, rel=5e-2)
    assert record.facts["device"] == DEVICE
    assert all(0 < event["mfu"] < 1 for event in events)
    assert all(0 < event["memory"] <= event["memory_peak"] for event in events)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_training_learns(way: str, spec: PhaseSpec) -> None:
    options = spec.options.model_copy(update=WAYS[way])
    if (options.optimizer == "adamw_8bit" or options.quantize_base == "nf4") and not find_spec("bitsandbytes"):
        pytest.skip("bitsandbytes is not installed")
    record, events = train(replace(spec, options=options))
    found = losses(events)
    assert record.steps == 20
    assert sum(found[-5:]) < 0.95 * sum(found[:5])
    assert (spec.folder / record.model / "model.safetensors").is_file()


@pytest.mark.parametrize("way", ["muon", "bfloat16", "adamw_8bit"])
def test_a_stopped_phase_goes_on(way: str, spec: PhaseSpec, tmp_path: Path) -> None:
    options = spec.options.model_copy(update=WAYS[way])
    if options.optimizer == "adamw_8bit" and not find_spec("bitsandbytes"):
        pytest.skip("bitsandbytes is not installed")
    _, whole = train(replace(spec, folder=tmp_path / "whole", options=options))
    with pytest.raises(Checkpointed):
        train(replace(spec, options=options), stop_behind=7)
    _, rest = train(replace(spec, options=options))
    assert [event["step"] for event in rest] == list(range(8, 21))
    # Sums on a GPU come in another order each time.
    assert losses(rest) == pytest.approx(losses(whole)[7:], rel=3e-2)


def test_memory_that_runs_out_leaves_the_last_checkpoint(spec: PhaseSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    with pytest.raises(Checkpointed):
        train(spec, stop_behind=3)
    kept = spec.state.read_bytes()

    def too_much(phase: Phase, step: int) -> Event:
        torch.empty(1 << 60, dtype=torch.uint8, device=DEVICE)
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(Phase, "_step", too_much)
        with pytest.raises(TrainingError, match="memory ran out in a training step") as caught:
            train(spec)
    assert "--micro-batch-tokens" in caught.value.hint
    assert spec.state.read_bytes() == kept
    _, events = train(spec)
    assert [event["step"] for event in events] == list(range(4, 21))
