import pytest

from tests.training.conftest import MakeModel
from workbench.device import Peak
from workbench.training.encoding import Sample
from workbench.training.meters import Cost, Meter, memory

# One layer of 32: four square matrices and three of 48 by 32.
LAYER = 4 * 32 * 32 + 3 * 32 * 48


def sample(length: int, learned: int) -> Sample:
    return Sample((1,) * length, (0.0,) * (length - learned) + (1.0,) * learned)


@pytest.mark.parametrize("tied", [True, False])
def test_matrices_are_counted_and_embeddings_are_not(tied: bool, make_model: MakeModel) -> None:
    cost = Cost.of(make_model(tie_word_embeddings=tied))
    assert (cost.inner, cost.head, cost.span) == (2 * LAYER, 64 * 32, 2 * 32)
    assert (cost.learned_inner, cost.learned_head) == (cost.inner, cost.head)


def test_a_step_costs_six_operations_a_weight_and_attention(make_model: MakeModel) -> None:
    cost = Cost.of(make_model())
    expected = 6 * cost.inner * 30 + 6 * cost.head * 7 + 12 * 64 * (10 * 10 + 20 * 20) / 2
    assert cost.flops([sample(10, 3), sample(20, 4)]) == expected


def test_what_is_frozen_costs_a_third_less(make_model: MakeModel) -> None:
    model = make_model()
    model.requires_grad_(False)
    cost = Cost.of(model)
    assert cost.flops([sample(1, 0)]) == 4 * cost.inner + 12 * 64 / 2


def test_a_window_shortens_the_look_back() -> None:
    cost = Cost(inner=0, head=0, learned_inner=0, learned_head=0, span=1, window=4)
    assert cost.flops([sample(4, 0)]) == 12 * 8
    assert cost.flops([sample(6, 0)]) == 12 * (8 + 2 * 4)


def test_it_agrees_with_what_torch_counts(make_model: MakeModel) -> None:
    """Torch counts attention over the whole square, and what a head does on all tokens."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    model = make_model()
    model.set_attn_implementation("sdpa")
    with FlopCounterMode(display=False) as counter:
        model(input_ids=torch.ones((1, 24), dtype=torch.long)).logits.sum().backward()
    cost = Cost.of(model)
    whole = 6 * (cost.inner + cost.head) * 24
    assert counter.get_total_flops() == pytest.approx(whole, rel=0.25)
    assert counter.get_total_flops() >= 0.98 * whole


def test_the_share_of_the_peak_is_told() -> None:
    cost = Cost(inner=1000, head=0, learned_inner=1000, learned_head=0, span=0)
    reading = Meter(cost, Peak(1e6, "a test"), "cpu", processes=2).read([sample(50, 5)], seconds=0.5)
    assert reading["mfu"] == pytest.approx(6 * 1000 * 50 / 0.5 / 2e6)
    assert reading["memory_peak"] >= reading["memory"] > 0


def test_memory_is_in_bytes() -> None:
    now, most = memory("cpu")
    assert 10 << 20 < now <= most < 1 << 40
