"""Optimizers and the learning rate's course."""

import math
from typing import TYPE_CHECKING, Any

from workbench.errors import TrainingError

if TYPE_CHECKING:
    from torch.nn import Module, Parameter
    from torch.optim import Optimizer

Betas = tuple[float, float]


def make_optimizers(
    model: "Module", kind: str, rate: float, weight_decay: float, betas: Betas = (0.9, 0.95), eps: float = 1e-8
) -> list["Optimizer"]:
    """`adamw` for all weights of a model or Learner that learn; `adamw_8bit` holds its states in 8 bits (bitsandbytes).

    `muon` takes the matrices of the layers and leaves embeddings, head, vectors and adapters to AdamW.
    TrainingError where bitsandbytes is missing.
    """
    from workbench.training.muon import Muon

    inner = _inner(model) if kind == "muon" else []
    taken = {id(weight) for weight in inner}
    outer = [weight for weight in model.parameters() if weight.requires_grad and id(weight) not in taken]
    settings = {"lr": rate, "betas": betas, "eps": eps, "weight_decay": weight_decay}
    made = [_adamw(outer, kind, settings)] if outer else []
    if inner:
        made.append(Muon(inner, rate=rate, weight_decay=weight_decay))
    return made


def _inner(model: "Module") -> list["Parameter"]:
    base: Any = getattr(model, "base", model)
    ends = (base.get_input_embeddings(), base.get_output_embeddings())
    outside = {id(weight) for end in ends if end is not None for weight in end.parameters()}
    return [
        weight
        for name, weight in model.named_parameters()
        if weight.requires_grad and weight.ndim == 2 and id(weight) not in outside and "lora_" not in name
    ]


def _adamw(weights: list["Parameter"], kind: str, settings: dict[str, Any]) -> "Optimizer":
    from torch.optim import AdamW

    if kind != "adamw_8bit":
        # One pass over weights, gradients and states in place of a dozen.
        return AdamW(weights, fused=True, **settings)
    try:
        from bitsandbytes.optim import AdamW8bit
    except ImportError as error:
        raise TrainingError(
            f"adamw_8bit needs bitsandbytes: {error}", hint="pip install bitsandbytes, or give --optimizer adamw"
        ) from error
    return AdamW8bit(weights, **settings)  # type: ignore[no-any-return]


def rate_factor(step: int, steps: int, warmup: int, schedule: str) -> float:
    """The share of the peak rate at a step (counted from 0): linear warm-up, then `cosine`, `linear` or `constant`."""
    if step < warmup:
        return (step + 1) / warmup
    left = 1 - (step - warmup) / max(1, steps - warmup)
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * (1 - left)))
    return left if schedule == "linear" else 1.0
