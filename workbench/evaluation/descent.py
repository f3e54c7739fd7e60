"""How the loss of a phase went down: where it began and ended, and how much more of the same it would take."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from workbench.events import Event

# A line through fewer points says nothing; where its half has fewer than these, the whole way is looked at.
_FEWEST, _ENOUGH = 4, 8
_Z = 1.959964


@dataclass(frozen=True)
class Descent:
    """`first` is the loss of the untrained model's step, `last` the mean of the last epoch, in nats a learned token.

    `falling` says that the loss went down in the second half by more than the noise of its steps. `more` is how many
    times as long the training would have to be to halve `last` at that pace; None where nothing is falling. The pace is
    counted in steps at the full rate, because towards its end a schedule holds any loss still. `targets` are the
    learned tokens of a row, `rows` those that were trained on.
    """

    phase: int
    steps: int
    epochs: int
    rate: float
    first: float
    last: float
    falling: bool
    more: float | None
    targets: float
    rows: int

    @property
    def unknown(self) -> float:
        """The largest share of its rows that the model may not say right, asked as it was trained; 1 or more where
        nothing is known.

        An answer whose loss is below ln 2 nats in all is likelier than all others together, so the likeliest tokens
        spell it; and by Markov's inequality no more than `loss of a row / ln 2` of the rows can be above that.
        """
        return self.last * self.targets / math.log(2.0)


def descent(events: Sequence[Event], phase: dict[str, Any], rate: float) -> Descent | None:
    """Of the events and the record of a phase; None where no step was recorded."""
    steps = [event for event in events if event.get("stage") == f"phase_{phase['phase']}" and "loss" in event]
    if not steps:
        return None
    losses, epochs = [float(event["loss"]) for event in steps], max(1, int(phase.get("epochs", 1)))
    # Of a single epoch its last fifth.
    each = max(1, len(losses) // (epochs if epochs > 1 else 5))
    last = sum(losses[-each:]) / each
    distance = list(accumulate(float(event.get("rate", 0.0)) for event in steps))
    slope, error = _slope(distance, losses)
    falling = slope + error < 0
    more = last / 2 / -slope / distance[-1] if falling and distance[-1] else None
    seen = max(1, int(phase.get("rows", 1)) * epochs)
    return Descent(
        phase=int(phase["phase"]),
        steps=len(losses),
        epochs=epochs,
        rate=rate,
        first=losses[0],
        last=last,
        falling=falling,
        more=more,
        targets=float(phase.get("targets", 0)) / seen,
        rows=int(phase.get("rows", 0)),
    )


def _slope(distance: Sequence[float], losses: Sequence[float]) -> tuple[float, float]:
    """Of the line through the second half of the way, by least squares, with the half of its 95 % interval."""
    half = distance[-1] / 2
    points = [(place, loss) for place, loss in zip(distance, losses, strict=True) if place >= half]
    if len(points) < _ENOUGH:
        points = list(zip(distance, losses, strict=True))
    count = len(points)
    middle, level = (sum(values) / count for values in zip(*points, strict=True))
    spread = sum((place - middle) ** 2 for place, _ in points)
    if count < _FEWEST or not spread:
        return 0.0, math.inf
    slope = sum((place - middle) * (loss - level) for place, loss in points) / spread
    rest = sum((loss - level - slope * (place - middle)) ** 2 for place, loss in points)
    return slope, _quantile(count - 2) * math.sqrt(rest / (count - 2) / spread)


def _quantile(freedom: int) -> float:
    """Of Student's distribution at 97.5 %, by the first terms of its expansion around the normal one.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    first, second = (_Z**3 + _Z) / 4, (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / 96
    return _Z + first / freedom + second / freedom**2
