"""Rows set aside from training, and the loss on them."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.runs import Stop
from workbench.training.encoding import Sample

if TYPE_CHECKING:
    from workbench.training.loop import Phase


def set_aside(samples: Sequence[Sample], share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Those to train on and those to validate on, both in their order; at least one of each where there is a share.

    Chosen by a digest of seed and content: the same rows whatever their order, and equal rows on the same side.
    """
    if share <= 0 or len(samples) < 2:
        return list(samples), []
    digests = [_digest(sample, seed) for sample in samples]
    wanted = min(max(1, round(share * len(samples))), len(samples) - 1)
    last = sorted(digests)[wanted - 1]
    held = {digest for digest in digests if digest <= last}
    if held == set(digests):
        return list(samples), []
    learned = [sample for sample, digest in zip(samples, digests, strict=True) if digest not in held]
    return learned, [sample for sample, digest in zip(samples, digests, strict=True) if digest in held]


def validation_loss(phase: "Phase", samples: Sequence[Sample], stop: Stop) -> float | None:
    """Mean loss in nats a target token, each by its weight; None where a stop was asked for meanwhile.

    To be called by all ranks at once; each computes its share.
    """
    import torch

    batches = phase.batches(samples)
    phase.learner.eval()
    total = 0.0
    try:
        with torch.no_grad():
            for batch in batches:
                if phase.world.any(stop.requested):
                    return None
                with phase.precision():
                    total += float(phase.learner(batch))
    finally:
        phase.learner.train()
    (whole,) = phase.world.sum([total])
    return whole / sum(sum(sample.weights[1:]) for sample in samples)


def _digest(sample: Sample, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:validation:{sample.tokens}".encode()).digest()
