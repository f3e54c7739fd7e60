"""Three steps on the first batches, thrown away: how fast a training will be on this machine."""

import gc
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.device import choose_device, peak_of
from workbench.runs import Stop
from workbench.training.adapters import with_adapters
from workbench.training.encoding import Sample
from workbench.training.loop import Curriculum, Phase, Settings
from workbench.training.options import TrainingOptions
from workbench.training.precision import choose_attention, choose_precision, load_model

STEPS = 3
# A step of the trial is cut to what the device would do in so many seconds at its peak: at 8,000 hours a run, too, the
# trial itself shall end.
_SECONDS = 5.0
_OPERATIONS = 6


@dataclass(frozen=True)
class Trial:
    """What was measured: tokens a second once warm, the seconds that the first step took beyond that, and the most
    memory that torch held, in bytes (0 where it does not count it)."""

    steps: int
    tokens: int
    tokens_per_second: float
    first: float
    peak: int = 0


class First:
    """A curriculum of the first batches, each cut to about `most` tokens."""

    def __init__(self, curriculum: Curriculum, most: int) -> None:
        self.curriculum = curriculum
        self.most = most
        self.steps = min(STEPS, curriculum.steps)

    def batch(self, step: int) -> Sequence[Sample]:
        """At least one sample, with something to learn in it."""
        chosen: list[Sample] = []
        room = self.most
        for sample in self.curriculum.batch(step):
            if chosen and len(sample) > room:
                break
            chosen.append(sample)
            room -= len(sample)
        return chosen


def try_out(base: Path, options: TrainingOptions, curriculum: Curriculum) -> Trial:
    """Loads the base, trains up to three steps and forgets it; nothing is read from or written to a run's folder.

    The options have their `micro_batch_tokens` chosen. TrainingError where memory runs out.
    """
    from workbench.training.learner import Learner

    device = choose_device(options.device)
    # What was there before is none of the trial's peak.
    _forget(device.kind)
    model, _ = load_model(base, options)
    operations = _OPERATIONS * sum(weight.numel() for weight in model.parameters())
    most = max(options.micro_batch_tokens, int(_SECONDS * peak_of(device).flops / operations))
    learner = Learner(with_adapters(model, options), choose_attention(options, device).kind)
    if options.compile:
        learner.compile()
    first = First(curriculum, most)
    events: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        phase = Phase(learner, first, _settings(options), Path(folder) / "state")
        phase.run(events.append, Stop())
    trial = _measured(events, [sum(map(len, first.batch(step))) for step in range(first.steps)])
    peak = _peak(device.kind)
    del phase, learner, model
    _forget(device.kind)
    return Trial(**trial, peak=peak)


def _settings(options: TrainingOptions) -> Settings:
    device = choose_device(options.device)
    return Settings(
        learning_rate=1e-5,
        optimizer=options.optimizer,
        micro_batch_tokens=options.micro_batch_tokens,
        fixed=options.compile,
        seed=options.seed,
        dtype=choose_precision(options, device).compute,
    )


def _measured(events: Sequence[dict[str, Any]], tokens: Sequence[int]) -> dict[str, Any]:
    """The first step warms up (and compiles): it counts only where it is the only one."""
    seconds = [count / event["tokens_per_second"] for event, count in zip(events, tokens, strict=True)]
    warm = slice(1, None) if len(events) > 1 else slice(None)
    rate = sum(tokens[warm]) / sum(seconds[warm])
    return {
        "steps": len(events),
        "tokens": sum(tokens),
        "tokens_per_second": rate,
        "first": max(0.0, seconds[0] - tokens[0] / rate),
    }


def _peak(kind: str) -> int:
    if kind != "cuda":
        return 0
    import torch

    return torch.cuda.max_memory_allocated()


def _forget(kind: str) -> None:
    gc.collect()
    if kind == "cuda":
        import torch

        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
