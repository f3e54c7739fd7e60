import pytest
import torch
from torch.nn import functional

from tests.training.conftest import MakeModel
from workbench.errors import TrainingError
from workbench.training import loss as loss_module
from workbench.training.encoding import Sample
from workbench.training.loss import attention_mask, check_forward, hidden_states, summed_loss
from workbench.training.packing import collate, pack


def alone(model: torch.nn.Module, sample: Sample) -> torch.Tensor:
    """The loss as anybody would compute it: one sample, the model's own forward pass, all logits at once."""
    tokens = torch.tensor(sample.tokens)
    logits = model(input_ids=tokens[None]).logits[0, :-1]
    losses = functional.cross_entropy(logits, tokens[1:], reduction="none")
    return (losses * torch.tensor(sample.weights[1:])).sum()


def test_a_position_looks_back_in_its_own_segment_only() -> None:
    mask = attention_mask(torch.tensor([[1, 1, 2, 0]]))
    assert mask.shape == (1, 1, 4, 4)
    assert mask[0, 0].tolist() == [
        [True, False, False, False],
        [True, True, False, False],
        [False, False, True, False],
        [False, False, False, True],
    ]


def test_a_sample_in_a_pack_loses_what_it_loses_alone(make_model: MakeModel, samples: list[Sample]) -> None:
    model = make_model().eval()
    expected = torch.stack([alone(model, sample) for sample in samples])
    for capacity in (13, 30, 200):
        rows = pack([len(sample) for sample in samples], capacity)
        packed = summed_loss(model, collate(samples, rows, 0))
        torch.testing.assert_close(packed, expected.sum(), rtol=1e-5, atol=1e-5)


def test_what_a_neighbour_says_changes_nothing(make_model: MakeModel, samples: list[Sample]) -> None:
    model = make_model().eval()
    first, second = samples[5], samples[8]
    other = Sample(tuple(1 + token % 60 for token in first.tokens), first.weights)
    states = [hidden_states(model, collate([one, second], [[0, 1]], 0))[0, len(one) :] for one in (first, other)]
    torch.testing.assert_close(states[0], states[1], rtol=0, atol=1e-6)


def test_positions_start_anew_with_each_sample(make_model: MakeModel, samples: list[Sample]) -> None:
    model = make_model().eval()
    batch = collate(samples, [[10, 11]], 0)
    state = hidden_states(model, batch)[0, len(samples[10]) :]
    lone = model.model(input_ids=torch.tensor([samples[11].tokens])).last_hidden_state[0]
    torch.testing.assert_close(state, lone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_chunks_change_neither_loss_nor_gradient(
    chunk: int, make_model: MakeModel, samples: list[Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model()
    sum(alone(model, sample) for sample in samples).backward()  # type: ignore[union-attr]
    expected = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad()
    monkeypatch.setattr(loss_module, "_CHUNK", chunk)
    summed_loss(model, collate(samples, pack([len(one) for one in samples], 40), 0)).backward()  # type: ignore[no-untyped-call]
    for name, weight in model.named_parameters():
        assert weight.grad is not None
        torch.testing.assert_close(weight.grad, expected[name], rtol=1e-4, atol=1e-5)


def test_a_batch_with_nothing_to_learn_loses_nothing(make_model: MakeModel) -> None:
    batch = collate([Sample((1, 2, 3), (0.0, 0.0, 0.0))], [[0]], 0)
    assert float(summed_loss(make_model(), batch)) == 0.0


def test_a_model_with_a_plain_head_is_taken_as_it_was(make_model: MakeModel) -> None:
    model = make_model()
    check_forward(model)
    assert model.training
    assert all(weight.grad is None for weight in model.parameters())


def test_a_model_that_scales_its_logits_is_refused() -> None:
    from transformers import GraniteConfig, GraniteForCausalLM

    config = GraniteConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        logits_scaling=8.0,
        initializer_range=0.5,
    )
    with pytest.raises(TrainingError, match="GraniteForCausalLM") as caught:
        check_forward(GraniteForCausalLM(config))
    assert "Llama" in caught.value.hint
