"""Muon: momentum whose update for a matrix is its nearest semi-orthogonal one.

torch's own Muon orthogonalises in bfloat16, which processors without bfloat16 arithmetic emulate hundreds of times
slower; this one keeps the weights' own precision there, and treats matrices of a shape together, some at a time. GPUs
that compute bfloat16 natively do so 15 times as fast as float32 (not measured here): they do take it, as in the source.
Source: Keller Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024; the scale is that of
Liu et al., "Muon is scalable for LLM training", 2025, so that a rate of AdamW's serves here too.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from torch import Tensor, baddbmm, cuda, no_grad, stack
from torch.optim import Optimizer

from workbench.training.sharding import is_sharded, orthogonal_parts

if TYPE_CHECKING:
    from torch.nn import Parameter

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
_MOMENTUM = 0.95
_RMS = 0.2
# Numbers of the matrices that are treated together, each of them whole: fewer leave a GPU idle between small matrices,
# more take memory for nothing.
AT_ONCE = 1 << 24


def orthogonal(matrices: Tensor) -> Tensor:
    """Newton-Schulz iteration on `[n, rows, columns]`: singular values are brought to about 1."""
    turned = matrices.size(1) > matrices.size(2)
    x = matrices.mT if turned else matrices
    x = x.bfloat16() if _in_half(matrices) else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        # Sums within the products: a copy more of everything is memory, too.
        gram = baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = baddbmm(x, gram, x, beta=a)
    turned_back: Tensor = x.mT if turned else x
    return turned_back.to(matrices.dtype)


def _in_half(matrices: Tensor) -> bool:
    return matrices.is_cuda and cuda.is_bf16_supported(including_emulation=False)


class Muon(Optimizer):
    """For weight matrices only, sharded or whole; embeddings, heads and vectors belong to another optimizer."""

    def __init__(self, weights: Iterable["Parameter"], *, rate: float, weight_decay: float) -> None:
        super().__init__(list(weights), {"lr": rate, "weight_decay": weight_decay})

    @no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One update of every weight that has a gradient."""
        for group in self.param_groups:
            shapes: dict[tuple[int, ...], list[Parameter]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    shapes.setdefault(tuple(weight.shape), []).append(weight)
            for shape, weights in shapes.items():
                many = _portion(weights[0], shape)
                for start in range(0, len(weights), many):
                    self._update(weights[start : start + many], group["lr"], group["weight_decay"])

    def _update(self, weights: list["Parameter"], rate: float, weight_decay: float) -> None:
        updates = self._orthogonal(weights)
        scale = _RMS * max(weights[0].shape) ** 0.5
        for weight, update in zip(weights, updates, strict=True):
            weight.mul_(1 - rate * weight_decay)
            weight.add_(update, alpha=-rate * scale)

    def _orthogonal(self, weights: list["Parameter"]) -> Iterable[Tensor]:
        momenta: Any = [self._momentum(weight) for weight in weights]
        if is_sharded(momenta[0]):
            return orthogonal_parts(momenta, orthogonal)
        # Under the same name, so that the single ones are let go of.
        momenta = stack(momenta)
        return orthogonal(momenta)

    def _momentum(self, weight: "Parameter") -> Tensor:
        """Nesterov's look-ahead of the running mean of gradients."""
        gradient = weight.grad
        assert gradient is not None
        state = self.state[weight]
        if "mean" not in state:
            state["mean"] = gradient.new_zeros(gradient.shape)
        mean: Tensor = state["mean"]
        mean.lerp_(gradient, 1 - _MOMENTUM)
        return gradient.lerp(mean, _MOMENTUM)


def _portion(weight: "Parameter", shape: tuple[int, ...]) -> int:
    """How many matrices of a shape are treated at once; cut ones are dealt out among the processes."""
    processes = weight.device_mesh.size() if is_sharded(weight) else 1  # type: ignore[attr-defined]
    return processes * max(1, AT_ONCE // (shape[0] * shape[1]))
