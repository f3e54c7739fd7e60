import sys

import pytest

from tests.training.conftest import MakeModel
from workbench.errors import TrainingError
from workbench.training.adapters import with_adapters
from workbench.training.learner import Learner
from workbench.training.optimizers import make_optimizers, rate_factor
from workbench.training.options import TrainingOptions


@pytest.mark.parametrize(("kind", "tied"), [("muon", True), ("muon", False), ("adamw", True)])
def test_every_weight_has_one_optimizer(kind: str, tied: bool, make_model: MakeModel) -> None:
    model = make_model(tie_word_embeddings=tied)
    made = make_optimizers(model, kind, 0.01, 0.0)
    taken = [id(weight) for optimizer in made for group in optimizer.param_groups for weight in group["params"]]
    assert sorted(taken) == sorted(id(weight) for weight in model.parameters())
    assert [type(optimizer).__name__ for optimizer in made] == (["AdamW", "Muon"] if kind == "muon" else ["AdamW"])


def test_muon_takes_the_matrices_of_the_layers_only(make_model: MakeModel) -> None:
    model = make_model(tie_word_embeddings=False)
    muon = make_optimizers(model, "muon", 0.01, 0.0)[1]
    names = {id(weight): name for name, weight in model.named_parameters()}
    taken = {names[id(weight)] for weight in muon.param_groups[0]["params"]}
    assert len(taken) == 14
    assert all(".layers." in name and name.endswith("proj.weight") for name in taken)


def test_a_frozen_weight_has_none(make_model: MakeModel) -> None:
    model = make_model()
    model.model.embed_tokens.weight.requires_grad_(False)
    adamw = make_optimizers(model, "adamw", 0.01, 0.0)[0]
    assert id(model.model.embed_tokens.weight) not in {id(weight) for weight in adamw.param_groups[0]["params"]}


def test_adapters_are_left_to_adamw(make_model: MakeModel) -> None:
    options = TrainingOptions(lora_rank=2, lora_targets=["q_proj", "down_proj"])
    learner = Learner(with_adapters(make_model(), options))
    (adamw,) = make_optimizers(learner, "muon", 0.01, 0.0)
    assert type(adamw).__name__ == "AdamW"
    assert len(adamw.param_groups[0]["params"]) == 8


def test_betas_and_epsilon_arrive(make_model: MakeModel) -> None:
    group = make_optimizers(make_model(), "adamw", 0.01, 0.1, betas=(0.8, 0.9), eps=1e-5)[0].param_groups[0]
    assert (group["betas"], group["eps"], group["lr"], group["weight_decay"]) == ((0.8, 0.9), 1e-5, 0.01, 0.1)


def test_what_eight_bits_need_is_said(make_model: MakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(TrainingError, match="adamw_8bit needs bitsandbytes") as caught:
        make_optimizers(make_model(), "adamw_8bit", 0.01, 0.0)
    assert "pip install bitsandbytes" in caught.value.hint


def test_the_rate_climbs_and_falls() -> None:
    cosine = [rate_factor(step, 100, 10, "cosine") for step in range(100)]
    assert cosine[0] == pytest.approx(0.1)
    assert cosine[9] == cosine[10] == 1.0
    assert cosine[55] == pytest.approx(0.5)
    assert 0 < cosine[99] < 0.001
    assert cosine[10:] == sorted(cosine[10:], reverse=True)


def test_courses_have_their_shape() -> None:
    assert rate_factor(55, 100, 10, "linear") == pytest.approx(0.5)
    assert rate_factor(99, 100, 10, "constant") == 1.0
    assert rate_factor(0, 1, 0, "cosine") == 1.0
    assert [rate_factor(step, 3, 5, "cosine") for step in range(3)] == pytest.approx([0.2, 0.4, 0.6])
