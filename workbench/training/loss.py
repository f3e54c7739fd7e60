"""Cross-entropy with its gradient, a chunk of target positions at a time.

Logits of `[targets, vocabulary]` never exist, and nothing of their size is kept for the backward pass: the gradient of
a cross-entropy is known as soon as its logits are, so it is made at once and nothing is computed twice.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

# Elements of a chunk's logits: in a processor's cache, and on a GPU 1,000 rows of the largest vocabularies: each chunk
# goes through the whole of the head's gradient once, which is worth it for that many.
CHUNK_CPU = 1 << 20
CHUNK = 1 << 27
Wanted = tuple[Tensor, Tensor]


@torch.compiler.disable  # type: ignore[untyped-decorator]
def summed_loss(head: nn.Module, hidden: Tensor, wanted: Wanted, scaling: float = 1.0) -> Tensor:
    """The weighted sum of cross-entropies in nats, a float32 scalar; without targets 0, with a gradient of zeros.

    `hidden` is `[n, width]`, `wanted` the target tokens and their weights, both `[n]`; logits are divided by `scaling`.
    """
    if type(head) is nn.Linear and torch.is_grad_enabled():
        total: Tensor = _ChunkedLoss.apply(hidden, head.weight, head.bias, wanted, scaling)  # type: ignore[no-untyped-call]
        return total
    # A head of another kind (with adapters in it, say) is computed again in the backward pass.
    targets, weights = wanted
    total = hidden.new_zeros((), dtype=torch.float32)
    vocabulary = int(getattr(head, "out_features", 0)) or head.get_parameter("weight").shape[0]
    for part in _chunks(len(targets), vocabulary, hidden.device):
        arguments = (head, hidden[part], targets[part], weights[part], scaling)
        total = total + checkpoint(_plain_loss, *arguments, use_reentrant=False)
    return total


def _plain_loss(head: nn.Module, hidden: Tensor, targets: Tensor, weights: Tensor, scaling: float) -> Tensor:
    losses = functional.cross_entropy(head(hidden).float() / scaling, targets, reduction="none")
    return (losses * weights).sum()


def _chunks(count: int, vocabulary: int, device: torch.device) -> Iterator[slice]:
    size = max(16, (CHUNK_CPU if device.type == "cpu" else CHUNK) // vocabulary)
    # One at least: a batch without targets goes the way of all others.
    return (slice(start, start + size) for start in range(0, max(count, 1), size))


class _ChunkedLoss(Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, wanted: Wanted, scaling: float
    ) -> Tensor:
        dtype = _compute_dtype(hidden, weight)
        states, matrix = hidden.to(dtype), weight.to(dtype)
        added = None if bias is None else bias.to(dtype)
        total = hidden.new_zeros((), dtype=torch.float32)
        grads = _Gradients(hidden, weight if ctx.needs_input_grad[1] else None, bias)
        for part in _chunks(len(states), len(weight), hidden.device):
            logits = functional.linear(states[part], matrix, added).float()
            loss, grad = _loss_and_gradient(logits, wanted[0][part], wanted[1][part], scaling)
            total += loss
            grads.add(part, grad.to(dtype), states, matrix)
        ctx.grads = grads
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        grads, ctx.grads = ctx.grads, None
        made = (grads.hidden, grads.weight, grads.bias)
        return (*(None if one is None else one.mul_(grad) for one in made), None, None)


def _compute_dtype(hidden: Tensor, weight: Tensor) -> torch.dtype:
    kind = hidden.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype


class _Gradients:
    """Those of the hidden states, and of the head where it learns; the head's add up in its own precision."""

    def __init__(self, hidden: Tensor, weight: Tensor | None, bias: Tensor | None) -> None:
        self.hidden = torch.empty_like(hidden)
        self.weight = None if weight is None else torch.zeros_like(weight)
        self.bias = None if bias is None else torch.zeros_like(bias)

    def add(self, part: slice, grad: Tensor, states: Tensor, matrix: Tensor) -> None:
        """What a chunk's logits `[n, vocabulary]` send back."""
        self.hidden[part] = grad @ matrix
        if self.weight is not None:
            if self.weight.dtype == grad.dtype:
                self.weight.addmm_(grad.T, states[part])
            else:
                self.weight += grad.T @ states[part]
        if self.bias is not None:
            self.bias += grad.sum(0)


def _loss_and_gradient(logits: Tensor, targets: Tensor, weights: Tensor, scaling: float) -> tuple[Tensor, Tensor]:
    """The weighted sum of cross-entropies over `[n, vocabulary]`, and its gradient."""
    said = functional.log_softmax(logits.div_(scaling) if scaling != 1 else logits, dim=1)
    column = targets[:, None]
    loss = -(said.gather(1, column)[:, 0] * weights).sum()
    grad = said.exp_()
    grad.scatter_add_(1, column, grad.new_full((1, 1), -1.0).expand_as(column))
    return loss, grad.mul_((weights / scaling)[:, None])
