import pytest
import torch
from torch import Tensor, nn

from tests.gpu.conftest import DEVICE
from workbench.training import loss
from workbench.training.loss import summed_loss

pytestmark = pytest.mark.gpu
COUNT, WIDTH, VOCABULARY = 300, 64, 1000


def losing(device: str, dtype: torch.dtype) -> list[Tensor]:
    """The loss and its gradients, as float32 on the processor."""
    generator = torch.Generator().manual_seed(3)
    hidden, matrix = torch.randn(COUNT, WIDTH, generator=generator), torch.randn(VOCABULARY, WIDTH, generator=generator)
    targets = torch.randint(VOCABULARY, (COUNT,), generator=generator).to(device)
    weights = torch.rand(COUNT, generator=generator).to(device)
    head = nn.Linear(WIDTH, VOCABULARY, bias=False)
    head.weight.data = matrix / 8
    head.to(device)
    states = hidden.to(device).requires_grad_()
    with torch.autocast(device, dtype=dtype, enabled=dtype != torch.float32):
        total = summed_loss(head, states, (targets, weights), scaling=2.0)
    total.backward()
    assert head.weight.grad is not None
    assert states.grad is not None
    return [one.detach().float().cpu() for one in (total, states.grad, head.weight.grad)]


@pytest.mark.parametrize("chunk", [1 << 25, 64 * VOCABULARY])
@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-4), (torch.bfloat16, 1e-2)])
def test_a_gpu_loses_what_a_processor_loses(
    chunk: int, dtype: torch.dtype, near: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = losing("cpu", torch.float32)
    monkeypatch.setattr(loss, "CHUNK", chunk)
    for one, two in zip(losing(DEVICE, dtype), expected, strict=True):
        assert (one - two).norm() / two.norm() < near
