from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.conftest import MakeModel
from workbench.runs import Stop
from workbench.training.encoding import Sample
from workbench.training.epochs import Epochs
from workbench.training.learner import Learner
from workbench.training.loop import Phase, Settings
from workbench.training.validation import set_aside, validation_loss


def numbered(count: int) -> list[Sample]:
    return [Sample((number + 1, 2, 3), (0.0, 1.0, 1.0)) for number in range(count)]


@pytest.mark.parametrize(("share", "held"), [(0.0, 0), (0.1, 10), (0.25, 25), (0.001, 1), (0.9, 90)])
def test_a_share_is_set_aside(share: float, held: int) -> None:
    samples = numbered(100)
    learned, aside = set_aside(samples, share, seed=4)
    assert len(aside) == held
    assert sorted((*learned, *aside), key=lambda sample: sample.tokens) == samples


def test_the_same_rows_are_set_aside_whatever_their_order() -> None:
    samples = numbered(50)
    _, held = set_aside(samples, 0.2, seed=4)
    _, others = set_aside(samples[::-1], 0.2, seed=4)
    assert held == others[::-1]
    assert held != set_aside(samples, 0.2, seed=5)[1]
    _, more = set_aside([*samples, *numbered(55)[50:]], 0.2, seed=4)
    assert len(set(held) & set(more)) >= len(held) - 2


def test_equal_rows_stay_on_one_side() -> None:
    learned, held = set_aside([*numbered(20), *numbered(20)], 0.3, seed=1)
    assert held
    assert not {sample.tokens for sample in learned} & {sample.tokens for sample in held}
    assert set_aside(numbered(1) * 5, 0.5, seed=1) == (numbered(1) * 5, [])
    assert set_aside(numbered(1), 0.5, seed=1) == (numbered(1), [])


def make_phase(model: Any, samples: list[Sample], folder: Path) -> Phase:
    return Phase(Learner(model), Epochs(samples, 4, 1, seed=1), Settings(micro_batch_tokens=20), folder / "state")


def test_it_is_the_mean_over_all_that_is_learned(make_model: MakeModel, samples: list[Sample], tmp_path: Path) -> None:
    model = make_model(attention_dropout=0.5)
    loss = validation_loss(make_phase(model, samples, tmp_path), samples, Stop())
    assert model.training
    model.eval()
    total = weight = 0.0
    with torch.no_grad():
        for sample in samples:
            tokens = torch.tensor([sample.tokens])
            losses = -model(input_ids=tokens).logits[0, :-1].log_softmax(1).gather(1, tokens[0, 1:, None])[:, 0]
            weights = torch.tensor(sample.weights[1:])
            total += float((losses * weights).sum())
            weight += float(weights.sum())
    assert loss == pytest.approx(total / weight, rel=1e-5)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_stop_ends_it_without_a_figure(make_model: MakeModel, samples: list[Sample], tmp_path: Path) -> None:
    stop = Stop()
    stop.request("a test")
    model = make_model()
    assert validation_loss(make_phase(model, samples, tmp_path), samples, stop) is None
    assert model.training
