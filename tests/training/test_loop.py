import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.conftest import MakeModel
from workbench.errors import Checkpointed, TrainingError
from workbench.runs import Stop
from workbench.training.encoding import Sample, encode
from workbench.training.epochs import Epochs
from workbench.training.learner import Learner
from workbench.training.loop import Curriculum, Phase, Settings
from workbench.training.packing import WholeSet

SETTINGS = Settings(learning_rate=1e-2, warmup=2, micro_batch_tokens=20)
ASSETS = Path(__file__).parent.parent.parent / "assets"
SEEDLING_LOSSES = [0.68103, 0.66853, 0.64624, 0.64814, 0.63010, 0.56894, 0.57955, 0.77285, 0.63164, 0.63298]
Events = list[dict[str, Any]]


def phase(model: Any, samples: Sequence[Sample], state: Path, settings: Settings = SETTINGS) -> Phase:
    return Phase(Learner(model), Epochs(samples, 5, 3, seed=1), settings, state)


def weights(model: torch.nn.Module) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in model.parameters()]


def same(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize(
    ("optimizer", "dropout", "stop_at"), [("adamw", 0.0, 1), ("muon", 0.0, 4), ("muon", 0.0, 8), ("adamw", 0.2, 5)]
)
def test_a_stop_changes_no_bit(
    optimizer: str, dropout: float, stop_at: int, make_model: MakeModel, samples: list[Sample], tmp_path: Path
) -> None:
    settings = Settings(learning_rate=1e-2, optimizer=optimizer, warmup=2, micro_batch_tokens=20, seed=3)
    whole = make_model(attention_dropout=dropout)
    all_events: Events = []
    phase(whole, samples, tmp_path / "whole", settings).run(all_events.append, Stop())
    assert len(all_events) == 9

    stop, events = Stop(), Events()

    def report(event: dict[str, Any]) -> None:
        events.append(event)
        if event["step"] == stop_at:
            stop.request("a test")

    with pytest.raises(Checkpointed, match=f"stopped at step {stop_at} of 9: a test"):
        phase(make_model(attention_dropout=dropout), samples, tmp_path / "state", settings).run(report, stop)
    torch.rand(100)  # Another process has drawn other numbers by now.
    again = make_model(seed=5, attention_dropout=dropout)
    progress = phase(again, samples, tmp_path / "state", settings).run(events.append, Stop())
    assert same(weights(again), weights(whole))
    assert [event["loss"] for event in events] == [event["loss"] for event in all_events]
    assert [event["step"] for event in events] == list(range(1, 10))
    assert progress.step == 9


def test_a_kill_goes_back_to_the_last_save(make_model: MakeModel, samples: list[Sample], tmp_path: Path) -> None:
    settings = Settings(learning_rate=1e-2, warmup=2, micro_batch_tokens=20, save_every=4)
    whole = make_model()
    phase(whole, samples, tmp_path / "whole", settings).run(lambda event: None, Stop())

    def killed(event: dict[str, Any]) -> None:
        if event["step"] == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        phase(make_model(), samples, tmp_path / "state", settings).run(killed, Stop())
    events: Events = []
    again = make_model(seed=5)
    phase(again, samples, tmp_path / "state", settings).run(events.append, Stop())
    assert events[0]["step"] == 5
    assert same(weights(again), weights(whole))


def test_a_finished_phase_does_nothing_more(make_model: MakeModel, samples: list[Sample], tmp_path: Path) -> None:
    model = make_model()
    first = phase(model, samples, tmp_path / "state")
    first.run(lambda event: None, Stop())
    first.save()
    again = make_model(seed=5)
    events: Events = []
    progress = phase(again, samples, tmp_path / "state").run(events.append, Stop())
    assert (events, progress) == ([], first.progress)
    assert same(weights(again), weights(model))


def gradients(model: Any, samples: Sequence[Sample], settings: Settings, state: Path) -> list[torch.Tensor]:
    phase(model, samples, state, settings)._backward(samples)
    return [weight.grad.clone() for weight in model.parameters()]


@pytest.mark.parametrize("changes", [{"micro_batch_tokens": 13}, {"micro_batch_tokens": 40}, {"fixed": True}])
def test_micro_batches_add_up_to_one_batch(
    changes: dict[str, Any], make_model: MakeModel, samples: list[Sample], tmp_path: Path
) -> None:
    one = gradients(make_model(), samples, Settings(micro_batch_tokens=200), tmp_path / "none")
    many = gradients(make_model(), samples, replace(Settings(micro_batch_tokens=30), **changes), tmp_path / "none")
    for a, b in zip(one, many, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_every_target_token_weighs_the_same(make_model: MakeModel, tmp_path: Path) -> None:
    short, long = Sample((1, 2), (0.0, 1.0)), Sample(tuple(range(3, 15)), (0.0,) + (1.0,) * 11)
    losses: list[float] = []
    for batch in ([short], [long], [short, long]):
        made = phase(make_model(), batch, tmp_path / "none")
        losses.append(made._backward(batch) or 0.0)
    assert losses[2] == pytest.approx((losses[0] + 11 * losses[1]) / 12, rel=1e-5)


def test_what_is_trained_is_learned(make_model: MakeModel, samples: list[Sample], tmp_path: Path) -> None:
    events: Events = []
    Phase(Learner(make_model()), Epochs(samples, 12, 60, seed=1), SETTINGS, tmp_path / "none").run(
        events.append, Stop()
    )
    assert events[0]["loss"] > 3.5
    assert events[-1]["loss"] < 0.5


def test_an_event_counts_tokens_and_targets(make_model: MakeModel, samples: list[Sample], tmp_path: Path) -> None:
    events: Events = []
    made = phase(make_model(), samples, tmp_path / "none")
    made.run(events.append, Stop())
    assert made.progress.tokens == 3 * sum(len(sample) for sample in samples)
    assert made.progress.targets == 3 * sum(weight > 0 for sample in samples for weight in sample.weights[1:])
    assert events[-1]["seconds_left"] == 0
    assert events[0]["tokens_per_second"] > events[0]["target_tokens_per_second"] > 0
    assert [event["rate"] for event in events[:3]] == pytest.approx([5e-3, 1e-2, 1e-2])


def test_a_loss_that_is_no_number_stops_before_the_weights_are_lost(
    make_model: MakeModel, samples: list[Sample], tmp_path: Path
) -> None:
    model = make_model()
    with torch.no_grad():
        model.model.norm.weight[0] = float("inf")
    before = weights(model)
    with pytest.raises(TrainingError, match="no number to go on with") as caught:
        phase(model, samples, tmp_path / "none").run(lambda event: None, Stop())
    assert "learning rate" in caught.value.hint
    assert same(weights(model), before)


def test_half_precision_computes_in_it_and_keeps_the_weights(
    make_model: MakeModel, samples: list[Sample], tmp_path: Path
) -> None:
    losses = []
    for dtype in ("float32", "bfloat16"):
        model = make_model()
        events: Events = []
        phase(model, samples, tmp_path / "none", Settings(micro_batch_tokens=20, dtype=dtype)).run(
            events.append, Stop()
        )
        assert {weight.dtype for weight in model.parameters()} == {torch.float32}
        losses.append(events[0]["loss"])
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_a_gradient_that_is_no_number_stops_before_the_weights_are_lost(
    make_model: MakeModel, samples: list[Sample], tmp_path: Path
) -> None:
    model = make_model()
    model.model.norm.weight.register_hook(lambda gradient: gradient * float("inf"))
    before = weights(model)
    with pytest.raises(TrainingError, match=r"the gradient is (inf|nan), no number"):
        phase(model, samples, tmp_path / "none").run(lambda event: None, Stop())
    assert same(weights(model), before)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        MemoryError(),
    ],
)
def test_memory_that_runs_out_names_what_makes_it_fit_and_keeps_the_last_state(
    error: Exception, make_model: MakeModel, samples: list[Sample], tmp_path: Path
) -> None:
    made = phase(make_model(), samples, tmp_path / "state")
    made.save()
    saved = (tmp_path / "state").read_bytes()

    def full(*arguments: object) -> None:
        raise error

    made.learner.forward = full  # type: ignore[method-assign,assignment]
    with pytest.raises(TrainingError, match="memory ran out in a training step") as caught:
        made.run(lambda event: None, Stop())
    for option in ("--micro-batch-tokens", "--activation-checkpointing", "--lora-rank"):
        assert option in caught.value.hint
    assert (tmp_path / "state").read_bytes() == saved


def test_another_error_of_torch_stays_what_it_is(make_model: MakeModel, samples: list[Sample], tmp_path: Path) -> None:
    made = phase(make_model(), samples, tmp_path / "none")
    made.learner.model = torch.nn.Linear(2, 2)
    with pytest.raises(AttributeError):
        made.run(lambda event: None, Stop())


def test_what_comes_behind_a_step_sees_it_done(make_model: MakeModel, samples: list[Sample], tmp_path: Path) -> None:
    seen: list[tuple[int, bool]] = []
    events: Events = []
    stop = Stop()

    def after(one: Phase) -> None:
        seen.append((one.progress.step, one.state.exists()))
        assert len(events) == one.progress.step
        if one.progress.step == 2:
            stop.request("enough")

    with pytest.raises(Checkpointed):
        phase(make_model(), samples, tmp_path / "state").run(events.append, stop, after)
    assert seen == [(1, False), (2, False)]
    assert (tmp_path / "state").is_file()


def test_a_whole_set_packed_learns_the_same_samples(
    make_model: MakeModel, samples: list[Sample], tmp_path: Path
) -> None:
    curriculum: Curriculum = WholeSet(samples, batch_size=5, epochs=2, seed=1, capacity=20)
    made = Phase(Learner(make_model()), curriculum, SETTINGS, tmp_path / "none")
    made.run(lambda event: None, Stop())
    assert made.progress.tokens == 2 * sum(len(sample) for sample in samples)


@pytest.mark.parametrize("course", ["cosine", "linear", "constant"])
def test_courses_of_the_rate(course: str, make_model: MakeModel, samples: list[Sample], tmp_path: Path) -> None:
    events: Events = []
    phase(make_model(), samples, tmp_path / "none", replace(SETTINGS, schedule=course)).run(events.append, Stop())
    assert [event["rate"] for event in events[:3]] == pytest.approx([5e-3, 1e-2, 1e-2])
    assert (events[-1]["rate"] == 1e-2) == (course == "constant")


def test_ten_steps_of_the_seedling(tmp_path: Path) -> None:
    """On its replay the embedded student loses what it has always lost, questions included: the answers it knows."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = ASSETS / "models" / "seedling-base"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with (ASSETS / "replay" / "seedling-base.jsonl").open(encoding="utf-8") as file:
        rows = [encode(json.loads(line)["messages"], tokenizer, unmask=True) for line in islice(file, 80)]
    learner = Learner(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32))
    settings = Settings(learning_rate=1e-3, optimizer="muon", warmup=2, micro_batch_tokens=256)
    events: Events = []
    Phase(learner, Epochs(rows, 8, 1, seed=1), settings, tmp_path / "none").run(events.append, Stop())
    assert [event["loss"] for event in events] == pytest.approx(SEEDLING_LOSSES, abs=1e-3)


@pytest.mark.gpu
def test_batches_follow_the_model_to_its_device(make_model: MakeModel, samples: list[Sample], tmp_path: Path) -> None:
    losses = []
    for device in ("cpu", "cuda"):
        events: Events = []
        phase(make_model().to(device), samples, tmp_path / "none").run(events.append, Stop())
        losses.append([event["loss"] for event in events])
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)
