from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.gpu.conftest import DEVICE
from workbench.training import attention
from workbench.training.attention import Segments, ragged_attention

pytestmark = pytest.mark.gpu
LENGTHS = (300, 120, 129, 7, 1)


def drawn(heads: int, keys: int, width: int) -> list[Tensor]:
    """Query, key and value `[1, heads, tokens, width]`, numbers that bfloat16 holds."""
    generator = torch.Generator().manual_seed(1)
    made = [torch.randn(1, sum(LENGTHS), count, width, generator=generator) for count in (heads, keys, keys)]
    return [one.bfloat16().float().transpose(1, 2) for one in made]


def attend(rows: list[Tensor], device: str, dtype: torch.dtype, window: int) -> list[Tensor]:
    """What is said, and the gradients of a pull on it, as float32 on the processor."""
    query, key, value = inputs = [one.detach().to(device, dtype).requires_grad_() for one in rows]
    there = Segments.of(LENGTHS)
    where = replace(there, bounds=there.bounds.to(device))
    settings: dict[str, Any] = {"segments": where, "scaling": 0.1, "sliding_window": window or None}
    found, _ = ragged_attention(nn.Identity(), query, key, value, None, **settings)
    pull = torch.randn(found.shape, generator=torch.Generator().manual_seed(2)).to(device, dtype)
    return [one.detach().float().cpu() for one in (found, *torch.autograd.grad(found, inputs, pull))]


@pytest.mark.parametrize("window", [0, 1, 100, 4096])
@pytest.mark.parametrize(("heads", "keys", "width"), [(4, 4, 64), (8, 2, 128), (4, 1, 80), (2, 2, 256)])
def test_the_kernel_says_what_the_processor_says(
    heads: int, keys: int, width: int, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    kernel = attention._varlen

    def counted(*arguments: Any) -> Tensor:
        asked.append(1)
        return kernel(*arguments)

    monkeypatch.setattr(attention, "_varlen", counted)
    rows = drawn(heads, keys, width)
    expected = attend(rows, "cpu", torch.float32, window)
    found = attend(rows, DEVICE, torch.bfloat16, window)
    assert asked, "torch's kernel for ragged rows was not taken"
    for one, two in zip(found, expected, strict=True):
        assert (one - two).norm() / two.norm() < 1e-2


@pytest.mark.parametrize("window", [0, 100])
def test_float32_says_what_the_processor_says(window: int) -> None:
    rows = drawn(4, 2, 64)
    expected = attend(rows, "cpu", torch.float32, window)
    for one, two in zip(attend(rows, DEVICE, torch.float32, window), expected, strict=True):
        assert (one - two).norm() / two.norm() < 1e-4
