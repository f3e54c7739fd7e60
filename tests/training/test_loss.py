from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from workbench.training import loss as loss_module
from workbench.training.loss import summed_loss

TARGETS, WIDTH, VOCABULARY = 50, 12, 70


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_module, "CHUNK_CPU", 16 * VOCABULARY)


def drawn(bias: bool = False) -> tuple[nn.Linear, Tensor, tuple[Tensor, Tensor]]:
    torch.manual_seed(3)
    head = nn.Linear(WIDTH, VOCABULARY, bias=bias)
    hidden = torch.randn(TARGETS, WIDTH, requires_grad=True)
    return head, hidden, (torch.randint(VOCABULARY, (TARGETS,)), torch.rand(TARGETS))


def whole(head: nn.Module, hidden: Tensor, wanted: tuple[Tensor, Tensor], scaling: float) -> Tensor:
    losses = functional.cross_entropy(head(hidden) / scaling, wanted[0], reduction="none")
    return (losses * wanted[1]).sum()


class Doubled(nn.Linear):
    """A head of another kind: it does more than its weight says."""

    def forward(self, hidden: Tensor) -> Tensor:
        return 2 * super().forward(hidden)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("scaling", [1.0, 8.0])
@pytest.mark.parametrize("other_kind", [False, True])
def test_chunks_say_what_the_whole_says(bias: bool, scaling: float, other_kind: bool) -> None:
    head, hidden, wanted = drawn(bias)
    if other_kind:
        head.__class__ = Doubled
    learned = [hidden, *head.parameters()]
    one, two = summed_loss(head, hidden, wanted, scaling), whole(head, hidden, wanted, scaling)
    torch.testing.assert_close(one, two)
    for mine, theirs in zip(
        torch.autograd.grad(one * 0.5, learned), torch.autograd.grad(two * 0.5, learned), strict=True
    ):
        torch.testing.assert_close(mine, theirs)


def test_without_gradients_it_says_the_same() -> None:
    head, hidden, wanted = drawn()
    with torch.no_grad():
        torch.testing.assert_close(summed_loss(head, hidden, wanted), whole(head, hidden, wanted, 1.0))


def test_a_head_that_does_not_learn_gets_no_gradient() -> None:
    head, hidden, wanted = drawn()
    head.weight.requires_grad_(False)
    (expected,) = torch.autograd.grad(whole(head, hidden, wanted, 1.0), hidden)
    summed_loss(head, hidden, wanted).backward()
    assert head.weight.grad is None
    assert hidden.grad is not None
    torch.testing.assert_close(hidden.grad, expected)


@pytest.mark.parametrize("other_kind", [False, True])
def test_no_targets_are_no_loss_and_a_gradient_of_zeros(other_kind: bool) -> None:
    head, hidden, _ = drawn()
    if other_kind:
        head.__class__ = Doubled
    nothing = (torch.zeros(0, dtype=torch.long), torch.zeros(0))
    loss = summed_loss(head, hidden[:0], nothing)
    loss.backward()
    assert loss.detach() == 0.0
    assert hidden.grad is not None
    assert head.weight.grad is not None
    assert not hidden.grad.any()
    assert not head.weight.grad.any()


def test_half_precision_sums_the_heads_gradient_in_the_heads_own() -> None:
    head, hidden, wanted = drawn()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = summed_loss(head, hidden, wanted)
    loss.backward()
    assert loss.dtype == torch.float32
    assert head.weight.grad is not None
    assert head.weight.grad.dtype == torch.float32
    expected = torch.autograd.grad(whole(head, hidden, wanted, 1.0), head.weight)[0]
    torch.testing.assert_close(head.weight.grad, expected, rtol=0.05, atol=0.05)
    assert not torch.equal(head.weight.grad, expected)


class Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Rows of the largest tensor with one column a word that any operation made."""

    rows = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple) else (made,):
            if isinstance(tensor, Tensor) and tensor.ndim == 2 and tensor.shape[1] == VOCABULARY:
                self.rows = max(self.rows, len(tensor))
        return made


@pytest.mark.parametrize("other_kind", [False, True])
def test_full_logits_never_exist(other_kind: bool) -> None:
    head, hidden, wanted = drawn()
    if other_kind:
        head.__class__ = Doubled
    with Largest() as largest:  # type: ignore[no-untyped-call]
        summed_loss(head, hidden, wanted).backward()
    assert largest.rows == 16
    with Largest() as largest:  # type: ignore[no-untyped-call]
        whole(head, hidden, wanted, 1.0).backward()  # type: ignore[no-untyped-call]
    assert largest.rows == TARGETS


@pytest.mark.parametrize("other_kind", [False, True])
def test_nothing_of_their_size_is_kept_for_the_backward_pass(other_kind: bool) -> None:
    head, hidden, wanted = drawn()
    if other_kind:
        head.__class__ = Doubled
    kept: list[int] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel())
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        summed_loss(head, hidden, wanted)
    assert max(kept, default=0) <= max(TARGETS * WIDTH, VOCABULARY * WIDTH)
    kept.clear()
    with saved_tensors_hooks(keep, lambda tensor: tensor):
        whole(head, hidden, wanted, 1.0)
    assert max(kept) == TARGETS * VOCABULARY
