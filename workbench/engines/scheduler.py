"""Many requests in one evaluation: which of them run, what goes into the next batch, and what comes out of it."""

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from time import monotonic

from workbench.engines.answers import Answer
from workbench.engines.engine import Completion, Finish
from workbench.engines.lanes import Lane
from workbench.engines.llama_binding import Logits
from workbench.engines.llama_sampler import next_tokens
from workbench.engines.pool import Pool
from workbench.engines.readings import Reading
from workbench.engines.scoring import Judgement
from workbench.engines.slots import common
from workbench.engines.waiting import Waiting

# Waiting for a beginning that another lane is about to evaluate pays off only above a few tokens.
_WORTH_WAITING = 8
# Growing the pool empties it, so a little more room is no reason.
_WORTH_GROWING = 1.25


class Scheduler:
    """Continuous batching: a lane joins as soon as a slot and cells are free, and its prompt rides in the same batches
    as the others' single tokens, whether it is to be answered or scored. Lanes whose prompts begin alike wait until one
    has evaluated that beginning, then share it. `pieces` are texts for those who want them while they come."""

    def __init__(self, pool: Pool) -> None:
        self.ready: deque[Completion] = deque()
        self.pieces: deque[tuple[Answer, str]] = deque()
        self._pool = pool
        self._waiting = Waiting()
        self._feeding: list[Lane] = []
        self._answering: list[Answer] = []
        # Nothing more fits before something ends, or before everything has, so that the pool can grow.
        self._full = False
        self._draining = False

    @property
    def running(self) -> bool:
        return bool(self._feeding or self._answering)

    @property
    def busy(self) -> bool:
        return bool(self._waiting) or self.running

    @property
    def queued(self) -> int:
        """Lanes that wait."""
        return len(self._waiting)

    @property
    def lanes(self) -> int:
        """All that wait or run."""
        return len(self._waiting) + len(self._feeding) + len(self._answering)

    def add(self, lanes: Sequence[Lane], *, urgent: bool = False) -> None:
        self._pool.counters.request()
        self._waiting.add(lanes, urgent=urgent)
        self._full = False

    def cancel(self, tag: str | None) -> None:
        """None cancels everything."""
        meant: list[Lane] = [lane for lane in (*self._answering, *self._feeding) if tag in (None, lane.request.tag)]
        self._answering = [lane for lane in self._answering if lane not in meant]
        self._feeding = [lane for lane in self._feeding if lane not in meant]
        for lane in (*meant, *self._waiting.remove(tag)):
            self._finish(lane, "cancelled")

    def step(self) -> None:
        """One evaluation; what it finished is in `ready`."""
        started = monotonic()
        self._admit()
        self._plan()
        self._pool.decode()
        self._advance()
        self._pool.counters.seconds += monotonic() - started

    def _admit(self) -> None:
        self._resize()
        free = self._pool.settings.sequences - len(self._feeding) - len(self._answering)
        while free > 0 and self._waiting and not self._full and not self._draining:
            (lane,) = self._waiting.next(1)
            if self._should_wait(lane):
                return
            slot = self._pool.places.take(lane.prompt, lane.room, lane.first)
            if slot is None:
                self._full, self._draining = True, self._pays_to_grow()
                return
            lane.enter(slot)
            self._pool.counters.reused_prompt_tokens += slot.length
            self._feeding.append(self._waiting.take())
            free -= 1

    def _resize(self) -> None:
        """While nothing runs the pool may be made anew; the first in the queue must fit in any case."""
        if self.running or not self._waiting:
            return
        self._full = self._draining = False
        if self._pool.capacity < self._waiting.next(1)[0].room or self._pays_to_grow():
            self._pool.make(self._pool.suggested(self._rooms()))

    def _pays_to_grow(self) -> bool:
        return self._pool.suggested(self._rooms()) > self._pool.capacity * _WORTH_GROWING

    def _rooms(self) -> list[int]:
        """What the next lanes may come to hold beyond what they share with the one before, and what the running ones
        hold of their own."""
        running = [*self._feeding, *self._answering]
        coming = self._waiting.next(self._pool.settings.sequences - len(running))
        shared = [0, *(common(one.prompt, other.prompt) for one, other in pairwise(coming))]
        return [lane.room - begun for lane, begun in zip(coming, shared, strict=False)] + [lane.own for lane in running]

    def _should_wait(self, lane: Lane) -> bool:
        places = self._pool.places
        beginning = lane.prompt[: lane.first]
        coming = places.coming(beginning)
        return coming > _WORTH_WAITING and coming > places.shared(beginning)[1] + _WORTH_WAITING

    def _plan(self) -> None:
        """Every answer's next token, and as much of the prompts as the batch has room for."""
        batch, answering = self._pool.batch, self._answering
        batch.clear()
        slots = [answer.slot for answer in answering]
        batch.add_each(
            [answer.token for answer in answering],
            [slot.sequence for slot in slots],
            [slot.length for slot in slots],
        )
        for lane in self._feeding:
            if count := lane.feed(batch.room):
                slot = lane.slot
                tokens = slot.tokens[slot.length : slot.length + count]
                batch.add(tokens, slot.sequence, slot.length, lane.outputs)

    def _advance(self) -> None:
        """Books what was evaluated, then gives every lane the logits that it wanted."""
        places, answering = self._pool.places, self._answering
        places.extend_each([answer.slot for answer in answering])
        rows = len(answering)
        logits = self._pool.context.logits(rows + sum(lane.outputs for lane in self._feeding))
        drawing = list(range(rows))
        for lane in list(self._feeding):
            places.extend(lane.slot, lane.feeding)
            self._pool.counters.evaluated_prompt_tokens += lane.feeding
            if self._look(lane, logits[rows : rows + lane.outputs]):
                drawing += [rows] * (1 + self._join(lane))
            rows += lane.outputs
        if drawing:
            # Nearly always every row is drawn from once, and then none is copied.
            self._draw(logits if drawing == list(range(len(logits))) else logits[drawing])

    def _look(self, lane: Lane, logits: Logits) -> bool:
        """What a lane makes of the logits behind its prompt; says whether it is an answer that draws from them."""
        if isinstance(lane, Judgement | Reading) and len(logits):
            lane.read(logits)
        if lane.slot.left:
            return False
        self._feeding.remove(lane)
        if isinstance(lane, Answer):
            lane.start()
            self._answering.append(lane)
            return True
        self._finish(lane, "stop")
        return False

    def _join(self, lane: Lane) -> int:
        """Other samples of a request draw from the same logits, as many as there is a place for now; their number."""
        count = 0
        while self._waiting and len(self._feeding) + len(self._answering) < self._pool.settings.sequences:
            (twin,) = self._waiting.next(1)
            if twin.prompt is not lane.prompt or not isinstance(twin, Answer):
                break
            slot = self._pool.places.take(twin.prompt, twin.room, len(twin.prompt))
            if slot is None:
                break
            twin.enter(slot)
            self._pool.counters.reused_prompt_tokens += slot.length
            self._waiting.take()
            twin.start()
            self._answering.append(twin)
            count += 1
        return count

    def _draw(self, logits: Logits) -> None:
        """One token for every answer."""
        model, answering = self._pool.model, self._answering
        tokens = next_tokens([answer.sampler for answer in answering if answer.sampler], logits)
        ended: list[tuple[Answer, Finish]] = []
        for number, (answer, token) in enumerate(zip(answering, tokens, strict=True)):
            finish: Finish | None = "stop"
            if token is not None and token not in model.ends:
                self._pool.counters.generated_tokens += 1
                piece = model.piece(token)
                if answer.request.logprobs is not None:
                    answer.note(logits[number], token, piece, model.spelling)
                finish = answer.append(token, piece)
            if finish:
                ended.append((answer, finish))
            elif answer.outlet and (text := answer.outlet.take(answer.output)):
                self.pieces.append((answer, text))
        for answer, finish in ended:
            self._answering.remove(answer)
            self._finish(answer, finish)

    def _finish(self, lane: Lane, finish: Finish) -> None:
        """The place of a lane that no longer runs is free, and what has come of it is ready."""
        if lane.slot.busy and self._pool.capacity:
            self._pool.places.release(lane.slot, lane.kept)
        self._full = False
        if isinstance(lane, Answer) and lane.outlet and (text := lane.outlet.take(lane.output, ended=True)):
            self.pieces.append((lane, text))
        if completion := lane.end(finish):
            self._pool.counters.result()
            self.ready.append(completion)
