from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from workbench.errors import TrainingError
from workbench.training import attention
from workbench.training.attention import NAME, Segments, groups_of, ragged_attention, register

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=12).map(tuple)


def drawn(lengths: tuple[int, ...], heads: int = 4, keys: int = 2, width: int = 8) -> list[Tensor]:
    """Query, key and value `[1, heads, tokens, width]`, laid out as a model's own."""
    generator = torch.Generator().manual_seed(sum(lengths))
    made = [torch.randn(1, sum(lengths), count, width, generator=generator) for count in (heads, keys, keys)]
    return [tensor.transpose(1, 2).requires_grad_() for tensor in made]


def by_hand(rows: list[Tensor], lengths: tuple[int, ...], window: int = 0) -> Tensor:
    """Softmax over all pairs of a row, those that may not look taken out."""
    number = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    place = torch.cat([torch.arange(length) for length in lengths])
    far = place[:, None] - place[None, :]
    allowed = (number[:, None] == number[None, :]) & (far >= 0)
    if window:
        allowed &= far < window
    query, key, value = rows
    key, value = (tensor.repeat_interleave(query.shape[1] // tensor.shape[1], dim=1) for tensor in (key, value))
    scores = (query @ key.mT) * 0.3
    return (scores.masked_fill(~allowed, float("-inf")).softmax(-1) @ value).transpose(1, 2)


def attend(rows: list[Tensor], lengths: tuple[int, ...], **changes: Any) -> Tensor:
    query, key, value = rows
    where = Segments.of(lengths)
    return ragged_attention(nn.Identity(), query, key, value, None, segments=where, scaling=0.3, **changes)[0]


@pytest.mark.parametrize("window", [0, 1, 5])
@settings(deadline=None, max_examples=40)
@given(lengths=LENGTHS)
def test_a_segment_attends_as_if_it_were_alone(window: int, lengths: tuple[int, ...]) -> None:
    rows = drawn(lengths)
    found, expected = attend(rows, lengths, sliding_window=window or None), by_hand(rows, lengths, window)
    assert found.shape == (1, sum(lengths), 4, 8)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    pull = torch.randn(found.shape, generator=torch.Generator().manual_seed(1))
    for one, two in zip(torch.autograd.grad(found, rows, pull), torch.autograd.grad(expected, rows, pull), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("window", [0, 1, 40, 150, 400])
@pytest.mark.parametrize("lengths", [(300, 5, 200), (150, 150), (193,), (1100,)], ids=str)
def test_a_long_segment_attends_block_by_block_to_the_same(lengths: tuple[int, ...], window: int) -> None:
    rows = drawn(lengths)
    found, expected = attend(rows, lengths, sliding_window=window or None), by_hand(rows, lengths, window)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    pull = torch.randn(found.shape, generator=torch.Generator().manual_seed(1))
    for one, two in zip(torch.autograd.grad(found, rows, pull), torch.autograd.grad(expected, rows, pull), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("window", "share"), [(0, 0.63), (100, 0.41)])
def test_what_lies_ahead_of_a_block_or_out_of_its_window_is_not_computed(
    window: int, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = 0

    def counted(query: Tensor, key: Tensor, value: Tensor, **settings: Any) -> Tensor:
        nonlocal pairs
        pairs += query.shape[2] * key.shape[2]
        return scaled_dot_product_attention(query, key, value, **settings)

    monkeypatch.setattr(attention, "scaled_dot_product_attention", counted)
    attend(drawn((512,)), (512,), sliding_window=window or None)
    assert pairs < share * 512 * 512


@given(LENGTHS)
def test_groups_are_the_segments_in_their_order(lengths: tuple[int, ...]) -> None:
    assert tuple(length for group in groups_of(lengths) for length in group.lengths) == lengths


def test_short_segments_go_together_and_long_ones_alone() -> None:
    assert len(groups_of((12, 12, 12, 11, 11, 10))) == 1
    assert len(groups_of((900, 800, 600))) == 3
    assert len(groups_of((500,) * 4)) == 1, "equal ones take no padding"
    assert groups_of(()) == ()


def test_dropout_is_drawn_from_the_seed() -> None:
    rows = drawn((9, 9, 4))
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(attend(rows, (9, 9, 4), dropout=0.5))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert not torch.equal(found[0], attend(rows, (9, 9, 4)))


@pytest.mark.parametrize("strange", [{"softcap": 30.0}, {"s_aux": torch.zeros(4)}, {"position_bias": torch.zeros(1)}])
def test_what_is_not_known_is_refused(strange: dict[str, Any]) -> None:
    with pytest.raises(TrainingError, match=f"wants {next(iter(strange))}") as caught:
        attend(drawn((3, 2)), (3, 2), **strange)
    assert "--attention padded" in caught.value.hint


def test_a_module_that_looks_ahead_is_refused() -> None:
    module = nn.Identity()
    query, key, value = drawn((3,))
    module.is_causal = False  # type: ignore[assignment]
    with pytest.raises(TrainingError, match="what follows"):
        ragged_attention(module, query, key, value, None, segments=Segments.of((3,)))


def test_without_segments_it_is_the_models_own() -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    register()
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=64, **sizes)).eval()
    tokens = torch.tensor([[0, 0, 5, 6, 7], [1, 2, 3, 4, 5]])
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
    logits = []
    for name in ("sdpa", NAME):
        model.set_attn_implementation(name)
        with torch.no_grad():
            logits.append(model(input_ids=tokens, attention_mask=mask).logits[mask.bool()])
    torch.testing.assert_close(logits[0], logits[1])


@pytest.mark.gpu
@pytest.mark.parametrize("window", [0, 100])
def test_the_kernel_for_ragged_rows_says_the_same(window: int) -> None:
    lengths = (300, 120, 7, 1)
    query, key, value = rows = [tensor.detach().to("cuda", torch.bfloat16) for tensor in drawn(lengths, width=64)]
    where = replace(Segments.of(lengths), bounds=Segments.of(lengths).bounds.cuda())
    found, _ = ragged_attention(
        nn.Identity(), query, key, value, None, segments=where, scaling=0.3, sliding_window=window or None
    )
    expected = by_hand([tensor.float().cpu() for tensor in rows], lengths, window)
    torch.testing.assert_close(found.float().cpu(), expected, rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("knows_fewer_keys", [True, False])
def test_what_the_kernel_for_ragged_rows_is_told(knows_fewer_keys: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch 2.11 takes fewer keys than queries unasked, later ones want a word."""
    told: dict[str, Any] = {}

    def kernel(query: Tensor, *more: Any, **settings: Any) -> Tensor:
        told.update(settings, shapes=[tuple(one.shape) for one in (query, *more[:2])], longest=more[4:])
        return query

    known = frozenset({"scale", "window_size", *(["enable_gqa"] if knows_fewer_keys else [])})
    monkeypatch.setattr(attention, "_KNOWN", known)
    monkeypatch.setattr("torch.nn.attention.varlen.varlen_attn", kernel)
    query, key, value = drawn((5, 4))
    found = attention._varlen(query, key, value, Segments.of((5, 4)), (0.3, 3))
    assert found.shape == (1, 9, 4, 8)
    assert told.pop("shapes") == [(9, 4, 8), (9, 2, 8), (9, 2, 8)]
    assert told.pop("longest") == (8, 8)
    assert told == {"scale": 0.3, "window_size": (2, 0), **({"enable_gqa": True} if knows_fewer_keys else {})}


def test_a_torch_without_windows_has_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    class OnGpu:
        is_cuda = True

    monkeypatch.setattr(attention, "_KNOWN", frozenset({"is_causal"}))
    assert not attention._has_kernel(OnGpu(), OnGpu(), 0.0)  # type: ignore[arg-type]
