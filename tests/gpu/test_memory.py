"""Estimates made before a training beside what it then takes on a GPU."""

import random
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Measure
from tests.gpu.conftest import DEVICE
from workbench.device import choose_device
from workbench.training.encoding import Sample
from workbench.training.epochs import Epochs
from workbench.training.estimate import load_of
from workbench.training.memory import memory_of, size_of
from workbench.training.options import TrainingOptions
from workbench.training.trial import try_out

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]
BATCH, LENGTH, NEAR = 16, 1024, 0.15
WAYS: dict[str, dict[str, Any]] = {
    "muon": {"optimizer": "muon"},
    "adamw": {},
    "float32": {"precision": "float32"},
    "bfloat16_weights": {"precision": "bfloat16_weights"},
    "one micro-batch": {"micro_batch_tokens": BATCH * LENGTH},
    "checkpointing": {"activation_checkpointing": "on"},
    "lora": {"lora_rank": 16},
    "lora, checkpointing": {"lora_rank": 16, "activation_checkpointing": "on"},
    "qlora": {"lora_rank": 16, "quantize_base": "nf4"},
    "adamw_8bit": {"optimizer": "adamw_8bit"},
}


def samples() -> list[Sample]:
    rng = random.Random(2)
    lengths = [rng.randrange(LENGTH // 4, LENGTH + 1) for _ in range(3 * BATCH)]
    return [Sample(tuple(rng.choices(range(32000), k=length)), (1.0,) * length) for length in lengths]


@pytest.mark.parametrize("way", WAYS)
def test_the_estimate_is_near_what_is_taken(way: str, large: Path, measured: Measure) -> None:
    import torch

    settings = {"micro_batch_tokens": 4096, "activation_checkpointing": "off", "optimizer": "adamw", **WAYS[way]}
    options = TrainingOptions(device=DEVICE, max_length=LENGTH, precision="bfloat16").model_copy(update=settings)
    if (options.optimizer == "adamw_8bit" or options.quantize_base == "nf4") and not find_spec("bitsandbytes"):
        pytest.skip("bitsandbytes is not installed")
    rows = samples()
    estimated = memory_of(large, options, load_of(rows, BATCH), choose_device(DEVICE))
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    trial = try_out(large, options, Epochs(rows, BATCH, 1, 1))
    # Libraries allocate beside torch, which counts its own alone.
    ratio = (estimated.total - estimated.libraries) / (trial.peak - before)
    measured(f"memory on a GPU, {way}: estimated to taken", f"{ratio:.2f} of {size_of(trial.peak - before)}")
    assert trial.tokens_per_second > 0
    assert 1 - NEAR < ratio < 1 + NEAR


def test_a_trial_says_how_fast_the_training_will_be(large: Path, tmp_path: Path) -> None:
    """The steps that follow take as long as those of the trial."""
    from workbench.runs import Stop
    from workbench.training.learner import Learner
    from workbench.training.loop import Phase
    from workbench.training.precision import load_model
    from workbench.training.trial import _settings

    options = TrainingOptions(
        device=DEVICE, max_length=LENGTH, precision="bfloat16", micro_batch_tokens=8192, optimizer="adamw"
    )
    course = Epochs(samples() * 3, BATCH, 1, 1)
    said = try_out(large, options, course).tokens_per_second
    model, _ = load_model(large, options)
    events: list[dict[str, Any]] = []
    Phase(Learner(model), course, _settings(options), tmp_path / "none").run(events.append, Stop())
    rates = sorted(event["tokens_per_second"] for event in events)
    assert said == pytest.approx(rates[len(rates) // 2], rel=0.25)
