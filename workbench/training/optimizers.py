"""Optimizers and the learning rate's course."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.nn import Module
    from torch.optim import Optimizer

_BETAS = (0.9, 0.95)


def make_optimizers(model: "Module", kind: str, rate: float, weight_decay: float) -> list["Optimizer"]:
    """`adamw` for all weights; `muon` takes the matrices of the layers and leaves the rest to AdamW."""
    from torch.optim import AdamW

    from workbench.training.muon import Muon

    named = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    inner = [w for name, w in named if kind == "muon" and w.ndim == 2 and "embed" not in name and "lm_head" not in name]
    taken = {id(weight) for weight in inner}
    outer = [weight for _, weight in named if id(weight) not in taken]
    made: list[Optimizer] = [AdamW(outer, lr=rate, betas=_BETAS, weight_decay=weight_decay, foreach=True)]
    if inner:
        made.append(Muon(inner, rate=rate, weight_decay=weight_decay))
    return made


def rate_factor(step: int, steps: int, warmup: int, schedule: str) -> float:
    """The share of the peak rate at a step (counted from 0): linear warm-up, then `cosine`, `linear` or `constant`."""
    if step < warmup:
        return (step + 1) / warmup
    left = 1 - (step - warmup) / max(1, steps - warmup)
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * (1 - left)))
    return left if schedule == "linear" else 1.0
