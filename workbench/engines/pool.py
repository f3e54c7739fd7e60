"""The llama.cpp context that all lanes share, made when it is first needed and as large as it needs to be."""

from collections.abc import Sequence

import psutil

from workbench.engines.cells import Cells
from workbench.engines.counters import Counters
from workbench.engines.llama_binding import Layout, LlamaBatch, LlamaContext, LlamaModel
from workbench.engines.settings import THREAD_WORK, Settings
from workbench.errors import EngineError

_STEP = 256  # llama.cpp rounds its pool up to this many cells
_EASY_BYTES = 64 << 20  # a pool of this size is made at once, without counting what is needed
_MEMORY_SHARE = 0.5  # of what is free when the pool is made
# Exact attention looks at every cell that is in use, whoever it belongs to, so there should not be many.
_COMPACT_LEAST, _COMPACT_MOST = 512, 768


class Pool:
    """Context, batch and cells, with the rules of how large the pool is and how many threads work on a batch. The
    settings leave nothing open."""

    def __init__(self, model: LlamaModel, settings: Settings) -> None:
        self.model = model
        self.settings = settings
        self.counters = Counters()
        self._exact = bool(settings.exact)
        self._slots = settings.sequences + (settings.prefixes or 0)
        self._cell_bytes = model.cell_bytes(self._exact)
        # llama.cpp reserves a token for every sequence, and aborts where the batch has not as many.
        self.batch = LlamaBatch(max(settings.batch, self._slots))
        self._context: LlamaContext | None = None
        self._places: Cells | None = None
        self._threads = 0

    @property
    def context(self) -> LlamaContext:
        if self._context is None:
            raise EngineError(f"{self.model.path.name} has no context yet")
        return self._context

    @property
    def places(self) -> Cells:
        if self._places is None:
            raise EngineError(f"{self.model.path.name} has no context yet")
        return self._places

    @property
    def capacity(self) -> int:
        """Tokens that all sequences together may hold."""
        return self._places.capacity if self._places else 0

    def suggested(self, rooms: Sequence[int]) -> int:
        """A capacity for sequences that may come to hold so many tokens each, within what memory allows; the first of
        them fits in any case."""
        first, wanted = next(iter(rooms), 0), sum(rooms)
        memory = int(self._free() * _MEMORY_SHARE) // self._cell_bytes
        easy = _EASY_BYTES // self._cell_bytes
        limits = (_COMPACT_LEAST, _COMPACT_MOST) if self._exact else (easy, self.settings.context_size * self._slots)
        return _rounded(max(first, min(max(wanted, limits[0]), limits[1], memory)))

    def make(self, capacity: int) -> None:
        """A new and empty pool in place of the one there is; nothing may be running. EngineError where there is no
        memory for it."""
        needed, free = capacity * self._cell_bytes, self._free()
        if needed > free:
            raise EngineError(
                f"{capacity} tokens of {self.model.path.name} need {needed / 2**30:.1f} GiB of memory, and "
                f"{free / 2**30:.1f} GiB are free",
                hint="ask for fewer tokens, give a smaller context_size, or close other programs",
            )
        self.drop()
        settings = self.settings
        layout = Layout(capacity, self._slots, self.batch.capacity, settings.threads, self._exact)
        self._context, self._threads = LlamaContext(self.model, layout), settings.threads
        self._places = Cells(self._context, capacity=capacity, sequences=self._slots, keep=settings.prefixes or 0)

    def drop(self) -> None:
        if self._context:
            self._context.close()
        self._context = self._places = None

    def decode(self) -> None:
        """Evaluates the batch. After an error the pool is gone, as nobody knows what it holds."""
        work = self.batch.size * self.model.parameter_count // THREAD_WORK
        threads = max(1, min(self.settings.threads, work))
        if threads != self._threads:
            self.context.work_with(threads)
            self._threads = threads
        try:
            self.context.decode(self.batch)
        except EngineError:
            self.drop()
            raise
        self.counters.batches += 1

    def _free(self) -> int:
        """Bytes that a pool may take, the present one's among them."""
        return int(psutil.virtual_memory().available) + self.capacity * self._cell_bytes


def _rounded(cells: int) -> int:
    return -(-cells // _STEP) * _STEP
