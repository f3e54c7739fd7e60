"""The llama.cpp context that samples and scores share, made when it is first needed and as large as it needs to be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from workbench.engines.cells import Cells
from workbench.engines.llama_binding import Layout, LlamaBatch, LlamaContext, LlamaModel, Logits
from workbench.engines.slots import Slot
from workbench.engines.streams import Streams
from workbench.errors import EngineError

_STEP = 256  # llama.cpp rounds its pool up to this many cells
_EASY_BYTES = 64 << 20  # a pool of this size is made at once, without counting what is needed
_MEMORY_SHARE = 0.5  # of what is free when the pool is made
_SPARE_SLOTS = 2  # for a score's context and one continuation while every other slot is taken


@dataclass(slots=True)
class Counters:
    """Tokens since the engine was opened; `seconds` were spent in evaluations and draws, `batches` are their number."""

    evaluated_prompt_tokens: int = 0
    reused_prompt_tokens: int = 0
    generated_tokens: int = 0
    batches: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Settings:
    """One request may hold `context_size` tokens. `sequences` run at once, 0 takes as many as suit the model. Of what
    was evaluated, `prefixes` beginnings are kept. `batch` is the most tokens that one evaluation takes. `shared` memory
    holds equal beginnings once, see `LlamaContext`; large models always have it."""

    context_size: int
    sequences: int = 0
    prefixes: int = 8
    batch: int = 512
    threads: int = 0
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """A slot whose known tokens are to be evaluated. `read` gets each position from `first` on, with its logits."""

    slot: Slot
    first: int
    read: Callable[[int, Logits], None]


class Pool:
    """Context, batch and cells, with the rule of how large the pool is."""

    def __init__(self, model: LlamaModel, settings: Settings) -> None:
        self.model = model
        self.settings = settings
        self.counters = Counters()
        self._working = settings.sequences + _SPARE_SLOTS
        self._slots = self._working + settings.prefixes
        # llama.cpp reserves a token for every sequence, and aborts where the batch has not as many.
        self.batch = LlamaBatch(max(settings.batch, self._slots))
        self._context: LlamaContext | None = None
        self._places: Cells | Streams | None = None

    @property
    def context(self) -> LlamaContext:
        if self._context is None:
            raise EngineError(f"{self.model.path.name} has no context yet")
        return self._context

    @property
    def places(self) -> Cells | Streams:
        if self._places is None:
            raise EngineError(f"{self.model.path.name} has no context yet")
        return self._places

    @property
    def capacity(self) -> int:
        """Tokens that all sequences together may hold, or each of them where memory is not shared."""
        return self._places.capacity if self._places else 0

    def suggested(self, rooms: Sequence[int]) -> int:
        """A capacity for sequences that may come to hold so many tokens each, within what memory allows; the first of
        them fits in any case."""
        settings, first = self.settings, next(iter(rooms), 0)
        parts = 1 if settings.shared else self._slots
        wanted = sum(rooms) if settings.shared else max(rooms, default=0)
        most = settings.context_size * (self._slots if settings.shared else 1)
        held = self.capacity * parts * self.model.cell_bytes
        allowed = int((psutil.virtual_memory().available + held) * _MEMORY_SHARE) // self.model.cell_bytes // parts
        easy = _EASY_BYTES // self.model.cell_bytes // parts
        return _rounded(max(first, min(max(wanted, easy), most, allowed)))

    def make(self, capacity: int) -> None:
        """A new and empty pool in place of the one there is; nothing may be running."""
        self.drop()
        settings = self.settings
        cells = capacity if settings.shared else capacity * self._slots
        layout = Layout(cells, self._slots, self.batch.capacity, settings.threads, settings.shared)
        self._context = LlamaContext(self.model, layout)
        if settings.shared:
            self._places = Cells(self._context, capacity=capacity, sequences=self._slots, keep=settings.prefixes)
        else:
            self._places = Streams(self._context, capacity=capacity, sequences=self._working, keep=settings.prefixes)

    def drop(self) -> None:
        if self._context:
            self._context.close()
        self._context = self._places = None

    def decode(self) -> None:
        """Evaluates the batch. After an error the pool is gone, as nobody knows what it holds."""
        try:
            self.context.decode(self.batch)
        except EngineError:
            self.drop()
            raise
        self.counters.batches += 1

    def feed(self, feeds: Sequence[Feed]) -> None:
        """Evaluates what the slots know, in as few batches as it takes."""
        waiting = [(feed, feed.slot.length) for feed in sorted(feeds, key=lambda feed: feed.slot.sequence)]
        while waiting:
            self.batch.clear()
            rows: list[tuple[Feed, int, int]] = []
            left: list[tuple[Feed, int]] = []
            for feed, start in waiting:
                count = min(feed.slot.planned - start, self.batch.room)
                if count:
                    rows.append((feed, self._add(feed, start, count), count))
                if start + count < feed.slot.planned:
                    left.append((feed, start + count))
            self.decode()
            for feed, row, count in rows:
                self._read(feed, row, count)
            waiting = left

    def _add(self, feed: Feed, start: int, count: int) -> int:
        outputs = min(count, max(0, start + count - feed.first))
        tokens = feed.slot.tokens[start : start + count]
        return self.batch.add(tokens, feed.slot.sequence, start, outputs) - count

    def _read(self, feed: Feed, row: int, count: int) -> None:
        start = feed.slot.length
        self.places.extend(feed.slot, count)
        self.counters.evaluated_prompt_tokens += count
        for position in range(max(start, feed.first), start + count):
            feed.read(position, self.context.logits(row + position - start))


def _rounded(cells: int) -> int:
    return -(-cells // _STEP) * _STEP
