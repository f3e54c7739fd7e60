"""How likely a model finds texts that could follow: the context evaluated once, continuations many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.engines.llama_binding import Logits, log_likelihood
from workbench.engines.pool import Feed, Pool
from workbench.engines.scheduler import Scheduler
from workbench.engines.slots import Slot
from workbench.errors import EngineError


@dataclass(slots=True)
class _Sum:
    """The log-likelihood of one continuation, behind a context of `start` tokens."""

    start: int
    tokens: Sequence[int]
    total: float = 0.0

    def read(self, position: int, logits: Logits) -> None:
        """A position's logits judge the token behind it."""
        self.total += log_likelihood(logits, self.tokens[position + 1 - self.start])


@dataclass(slots=True)
class Scorer:
    """Scores between the steps of samples in flight, whose places it waits for where it must."""

    pool: Pool
    scheduler: Scheduler

    def score(self, context: Sequence[int], continuations: Sequence[Sequence[int]]) -> list[float]:
        """Sums of log-likelihoods in nats, 0.0 for an empty continuation; the context holds a token at least."""
        if not continuations:
            return []
        sums = [_Sum(len(context), tokens) for tokens in continuations]
        rooms = [len(context) + len(tokens) for tokens in continuations]
        slot = self._claim(context, rooms, len(context) - 1)
        try:
            self._judge_first(slot, [each for each in sums if each.tokens])
            longer = [each for each in sums if len(each.tokens) > 1]
            while longer:
                longer = longer[self._judge_rest(context, longer) :]
        finally:
            self._release(slot, len(context))
        return [each.total for each in sums]

    def _judge_first(self, slot: Slot, sums: Sequence[_Sum]) -> None:
        last = slot.planned - 1

        def read(position: int, logits: Logits) -> None:
            for each in sums:
                each.read(position, logits)

        self.pool.feed([Feed(slot, last, read)])

    def _judge_rest(self, context: Sequence[int], sums: Sequence[_Sum]) -> int:
        """Evaluates as many continuations at once as there is room for; returns their number."""
        slots: list[Slot] = []
        try:
            for each in sums:
                tokens = [*context, *each.tokens[:-1]]
                slot = self._take(tokens, each.start) if slots else self._claim(tokens, [], each.start)
                if slot is None:
                    break
                slots.append(slot)
            feeds = [Feed(slot, each.start, each.read) for slot, each in zip(slots, sums, strict=False)]
            self.pool.feed(feeds)
        finally:
            for slot in slots:
                self._release(slot, 0)
        return len(slots)

    def _claim(self, tokens: Sequence[int], rooms: Sequence[int], most: int) -> Slot:
        """A slot for these tokens; where nothing runs and none is held, the pool is made large enough for `rooms`."""
        while True:
            if rooms and not self.scheduler.running and self.pool.capacity < max(rooms):
                self.pool.make(self.pool.suggested(sorted(rooms, reverse=True)))
            slot = self._take(tokens, most) if self.pool.capacity else None
            if slot is not None:
                return slot
            if not self.scheduler.running:
                raise EngineError(f"{self.pool.model.path.name} has no room left to score {len(tokens)} tokens")
            self.scheduler.step(admit=False)

    def _take(self, tokens: Sequence[int], most: int) -> Slot | None:
        slot = self.pool.places.take(tokens, len(tokens), most)
        if slot is not None:
            self.pool.counters.reused_prompt_tokens += slot.length
        return slot

    def _release(self, slot: Slot, kept: int) -> None:
        if self.pool.capacity:
            self.pool.places.release(slot, kept)
