"""Options beside each other: each combination trains and goes on bit for bit, or is refused before anything is read."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.test_one_phase import train, weights, write_rows
from workbench.errors import Checkpointed, OptionsError
from workbench.runs import Stop
from workbench.training import precision
from workbench.training.launch import run_phase
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseSpec

Options = dict[str, Any]
LORA = {"lora_rank": 4}
AGAIN = {"activation_checkpointing": "on"}
COMPILE = {"compile": True}
HALF = {"precision": "bfloat16"}
HALF_WEIGHTS = {"precision": "bfloat16_weights"}
EIGHT = {"optimizer": "adamw_8bit"}
TRAINS: dict[str, Options] = {
    "muon": {"optimizer": "muon"},
    "muon, padded, activations again": {"optimizer": "muon", "attention": "padded", **AGAIN},
    "muon, rows over the whole set": {"optimizer": "muon", "pack_whole_set": True},
    "8 bits": EIGHT,
    "8 bits, activations again": {**EIGHT, **AGAIN},
    "adapters": LORA,
    "adapters, activations again": {**LORA, **AGAIN},
    "adapters with dropout, padded": {**LORA, "lora_dropout": 0.2, "attention": "padded"},
    "adapters with dropout, activations again": {**LORA, "lora_dropout": 0.2, **AGAIN},
    "adapters in some layers, 8 bits": {**LORA, "lora_targets": ["q_proj", "down_proj"], **EIGHT},
    "half precision": HALF,
    "half precision, muon": {**HALF, "optimizer": "muon"},
    "half precision, adapters, activations again": {**HALF, **LORA, **AGAIN},
    "half precision, weights too": HALF_WEIGHTS,
    "half precision, weights too, 8 bits": {**HALF_WEIGHTS, **EIGHT},
    "compiled": COMPILE,
    "compiled, activations again": {**COMPILE, **AGAIN},
    "compiled, adapters": {**COMPILE, **LORA},
    "compiled, half precision": {**COMPILE, **HALF},
}
REFUSED: dict[str, tuple[Options, str]] = {
    "4 bits without adapters": ({"quantize_base": "nf4"}, "quantize_base nf4 and lora_rank 0"),
    "4 bits on a processor": ({"quantize_base": "nf4", **LORA}, "quantize_base nf4 and device cpu"),
    "layers without adapters": ({"lora_targets": ["q_proj"]}, "lora_targets and lora_rank 0"),
    "dropout without adapters": ({"lora_dropout": 0.1}, "lora_dropout and lora_rank 0"),
    "compiled and padded": ({**COMPILE, "attention": "padded"}, "attention padded and compile"),
    "compiled, two processes": ({**COMPILE, "processes": 2}, "processes 2 and compile"),
    "8 bits, two processes": ({**EIGHT, "processes": 2}, "adamw_8bit and processes 2"),
    "half precision for nothing": (HALF, "nothing is won"),
    "rows beyond the model": ({"max_length": 100_000}, "max_length 100000 is longer"),
}


@pytest.fixture
def made(tiny_model: Path, tmp_path: Path) -> Callable[[Options], PhaseSpec]:
    """A phase of two epochs of three steps, several micro-batches each."""

    def make(values: Options) -> PhaseSpec:
        usual = {"device": "cpu", "threads": 1, "optimizer": "adamw", "max_length": 64, "micro_batch_tokens": 64}
        options = TrainingOptions.parse({**usual, **values})
        file = write_rows(tmp_path / "rows.jsonl", 12)
        return PhaseSpec(tiny_model, file, tmp_path / "phase", 2, 4, 0.01, options)

    return make


# What the compiler touches warns of itself.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.prove
@pytest.mark.parametrize("values", TRAINS.values(), ids=TRAINS)
def test_it_trains_and_goes_on_bit_for_bit(
    values: Options, made: Callable[[Options], PhaseSpec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if values.get("optimizer") == "adamw_8bit":
        pytest.importorskip("bitsandbytes")
    monkeypatch.setattr(precision, "bfloat16_gain", lambda: 2.0)
    spec = made(values)
    record, events = train(replace(spec, folder=tmp_path / "whole"))
    losses = [event["loss"] for event in events if "loss" in event]
    assert len(losses) == record.steps >= 6
    assert losses[-1] < losses[0] - 0.1
    with pytest.raises(Checkpointed):
        train(spec, stop_behind=2)
    train(spec)
    for name in ("epoch_1", "epoch_2"):
        assert weights(spec.folder / name) == weights(tmp_path / "whole" / name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.prove
def test_a_longer_run_compiles_hardly_more(made: Callable[[Options], PhaseSpec], tmp_path: Path) -> None:
    import torch
    from torch._dynamo.utils import counters

    spec = made({**COMPILE, "micro_batch_tokens": 128})
    counts = []
    for epochs in (1, 6):
        counters.clear()
        torch.compiler.reset()
        train(replace(spec, epochs=epochs, folder=tmp_path / str(epochs)))
        counts.append(dict(counters["stats"])["unique_graphs"])
    assert counts[1] <= counts[0] + 2


@pytest.mark.parametrize(("values", "message"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_before_anything_is_read(
    values: Options, message: str, made: Callable[[Options], PhaseSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: Any, **settings: Any) -> None:
        raise AssertionError("something was loaded")

    monkeypatch.setattr("transformers.AutoModelForCausalLM.from_pretrained", never)
    monkeypatch.setattr(precision, "bfloat16_gain", lambda: 0.5)
    monkeypatch.setattr(precision, "find_spec", lambda name: object())
    spec = made(values)
    with pytest.raises(OptionsError, match=message) as caught:
        run_phase(spec, lambda event: None, Stop())
    assert caught.value.hint
    assert not (spec.folder / "state").exists()
