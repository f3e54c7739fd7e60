"""A set of samples gone through several times, in another order each time."""

import random
from collections.abc import Sequence

from workbench.training.encoding import Sample


class Epochs:
    """A curriculum: `batch_size` samples a step, each sample once an epoch, the order from seed and epoch alone."""

    def __init__(self, samples: Sequence[Sample], batch_size: int, epochs: int, seed: int) -> None:
        self.samples = samples
        self.batch_size = batch_size
        self.seed = seed
        self.steps_each = -(-len(samples) // batch_size)
        self.steps = self.steps_each * epochs
        self._epoch = -1
        self._order: list[int] = []

    def batch(self, step: int) -> Sequence[Sample]:
        """The samples of an effective batch; the last of an epoch may be smaller."""
        epoch, place = divmod(step, self.steps_each)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, list(range(len(self.samples)))
            random.Random(f"{self.seed}:epoch {epoch}").shuffle(self._order)
        chosen = self._order[place * self.batch_size : (place + 1) * self.batch_size]
        return [self.samples[index] for index in chosen]

    def seen(self, step: int) -> int:
        """How many samples the first so many steps take, those of later epochs again."""
        epoch, place = divmod(step, self.steps_each)
        return epoch * len(self.samples) + min(place * self.batch_size, len(self.samples))
