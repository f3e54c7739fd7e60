"""Many samples in one evaluation: which of them run, what goes into the next batch, and what comes out of it."""

import codecs
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from workbench.engines.engine import Completion, Finish, Request, sample_seed
from workbench.engines.llama_sampler import Grammar, Sampler
from workbench.engines.pool import Pool
from workbench.engines.slots import Slot

# Waiting for a beginning that another sample is about to evaluate pays off only above a few tokens.
_WORTH_WAITING = 8
# Growing the pool empties it, so a little more room is no reason.
_WORTH_GROWING = 1.25


@dataclass(eq=False, slots=True)
class Sample:
    """One answer on its way. `token` is the last one drawn, not yet evaluated; `row` is where the next one's logits
    will be, and `feeding` how many of its tokens are in the batch."""

    request: Request
    index: int
    prompt: NDArray[np.int32]
    grammar: Grammar | None
    slot: Slot
    sampler: Sampler | None = None
    token: int = -1
    row: int = -1
    feeding: int = 0
    drawn: int = 0
    output: bytearray = field(default_factory=bytearray)

    @property
    def room(self) -> int:
        return len(self.prompt) + self.request.sampling.max_tokens

    def text(self) -> str:
        """The text so far; half a character at its end is left out."""
        return codecs.getincrementaldecoder("utf-8")("replace").decode(bytes(self.output))

    def stopped(self, added: int) -> bool:
        """Whether a stop text ends the answer, which is then cut; `added` bytes are new."""
        found = [
            place
            for stop in self.request.sampling.stop
            if (place := self.output.find(encoded := stop.encode(), max(0, len(self.output) - added - len(encoded))))
            >= 0
        ]
        if found:
            del self.output[min(found) :]
        return bool(found)


_NOWHERE = Slot(sequence=-1)


class Scheduler:
    """Continuous batching: a sample joins as soon as a slot and cells are free, and its prompt rides in the same
    batches as the others' single tokens. Samples whose prompts begin alike wait until one has evaluated that beginning,
    then share it."""

    def __init__(self, pool: Pool) -> None:
        self.ready: deque[Completion] = deque()
        self._pool = pool
        self._waiting: deque[Sample] = deque()
        self._running: list[Sample] = []
        self._draining = False

    @property
    def running(self) -> bool:
        return bool(self._running)

    @property
    def busy(self) -> bool:
        return bool(self._waiting or self._running)

    def add(self, request: Request, prompt: Sequence[int], grammar: Grammar | None) -> None:
        tokens = np.asarray(prompt, np.int32)
        self._waiting.extend(Sample(request, index, tokens, grammar, _NOWHERE) for index in range(request.samples))

    def cancel(self, tag: str | None) -> None:
        """None cancels everything."""
        meant = [sample for sample in (*self._running, *self._waiting) if tag in (None, sample.request.tag)]
        self._waiting = deque(sample for sample in self._waiting if tag not in (None, sample.request.tag))
        for sample in meant:
            self._finish(sample, "cancelled")

    def step(self, *, admit: bool = True) -> None:
        """One evaluation; what it finished is in `ready`. Without `admit` nothing new begins."""
        started = monotonic()
        if admit:
            self._admit()
        self._plan()
        self._pool.decode()
        for sample in list(self._running):
            self._advance(sample)
        self._pool.counters.seconds += monotonic() - started

    def _admit(self) -> None:
        self._resize()
        free = self._pool.settings.sequences - len(self._running)
        for sample in list(islice(self._waiting, 0 if self._draining else 2 * free)):
            if not free:
                return
            if self._should_wait(sample):
                continue
            slot = self._pool.places.take(sample.prompt, sample.room)
            if slot is None:
                self._draining = self._pays_to_grow()
                return
            self._waiting.remove(sample)
            self._start(sample, slot)
            free -= 1

    def _resize(self) -> None:
        """While nothing runs the pool may be made anew; the first in the queue must fit in any case."""
        if self._running or not self._waiting:
            return
        self._draining = False
        if self._pool.capacity < self._waiting[0].room or self._pays_to_grow():
            self._pool.make(self._pool.suggested(self._rooms()))

    def _pays_to_grow(self) -> bool:
        return self._pool.suggested(self._rooms()) > self._pool.capacity * _WORTH_GROWING

    def _rooms(self) -> list[int]:
        """What the next samples and the running ones may come to hold, were nothing shared."""
        coming = islice(self._waiting, self._pool.settings.sequences - len(self._running))
        return [sample.room for sample in (*coming, *self._running)]

    def _should_wait(self, sample: Sample) -> bool:
        places = self._pool.places
        beginning = sample.prompt[:-1]
        coming = places.coming(beginning)
        return coming > _WORTH_WAITING and coming > places.shared(beginning)[1] + _WORTH_WAITING

    def _start(self, sample: Sample, slot: Slot) -> None:
        request = sample.request
        grammar = sample.grammar.copy() if sample.grammar else None
        sample.slot = slot
        sample.sampler = Sampler(request.sampling, sample_seed(request.seed, sample.index), grammar)
        self._pool.counters.reused_prompt_tokens += slot.length
        self._running.append(sample)

    def _plan(self) -> None:
        """Every answer's next token, and as much of the prompts as the batch has room for."""
        batch = self._pool.batch
        batch.clear()
        spare = batch.capacity - sum(sample.token >= 0 for sample in self._running)
        for sample in sorted(self._running, key=lambda sample: sample.slot.sequence):
            if sample.token >= 0:
                sample.row = batch.add_one(sample.token, sample.slot.sequence, sample.slot.length)
            else:
                spare -= self._plan_prompt(sample, spare)

    def _plan_prompt(self, sample: Sample, spare: int) -> int:
        slot = sample.slot
        left = slot.planned - slot.length
        sample.feeding = min(left, spare)
        whole = sample.feeding == left
        sample.row = -1
        if sample.feeding:
            tokens = slot.tokens[slot.length : slot.length + sample.feeding]
            end = self._pool.batch.add(tokens, slot.sequence, slot.length, 1 if whole else 0)
            sample.row = end - 1 if whole else -1
        return sample.feeding

    def _advance(self, sample: Sample) -> None:
        places, counters = self._pool.places, self._pool.counters
        if sample.token >= 0:
            places.extend(sample.slot, 1, sample.token)
        elif sample.feeding:
            places.extend(sample.slot, sample.feeding)
            counters.evaluated_prompt_tokens += sample.feeding
        if sample.row < 0 or sample.sampler is None:
            return
        token = sample.sampler.next(self._pool.context.logits(sample.row))
        if token is None or token in self._pool.model.ends:
            self._finish(sample, "stop")
            return
        counters.generated_tokens += 1
        self._append(sample, token)

    def _append(self, sample: Sample, token: int) -> None:
        piece = self._pool.model.piece(token)
        sample.output += piece
        sample.token = token
        sample.drawn += 1
        if sample.request.sampling.stop and sample.stopped(len(piece)):
            self._finish(sample, "stop")
        elif sample.drawn >= sample.request.sampling.max_tokens:
            self._finish(sample, "length")

    def _finish(self, sample: Sample, finish: Finish) -> None:
        if sample in self._running:
            self._running.remove(sample)
            if self._pool.capacity:
                self._pool.places.release(sample.slot, len(sample.prompt))
        if sample.sampler:
            sample.sampler.close()
        self.ready.append(
            Completion(sample.request, sample.index, sample.text(), finish, len(sample.prompt), sample.drawn)
        )
