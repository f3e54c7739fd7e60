"""What llama.cpp itself reaches on the same batches, with nothing drawn: the most that an engine around it can."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from tests.benchmarks.engine_loads import NEW, OWN, SHARED, Load
from tests.benchmarks.engine_peers import Measured, Stopwatch
from workbench.engines.llama_binding import LlamaBatch, LlamaModel
from workbench.engines.pool import Pool
from workbench.engines.settings import Settings, divided, suited

_PROMPT = SHARED + OWN
_PROMPTS = 4  # evaluated one after another for the rate


def ceiling(path: Path, load: Load, sequences: int, threads: int) -> Measured:
    """The prompt tokens that a load needs at the rate of whole prompts, and its new tokens at that of so many sequences
    which have as much in common as the load's: in as many contexts and threads as the engine takes, all at once. Where
    attention looks at every cell fewer sequences may be faster, and then the fastest number counts."""
    model = LlamaModel(path)
    given = Settings(sequences=sequences, threads=threads, context_size=model.trained_context)
    settings, _ = suited(given, parameters=model.parameter_count, gpu=False)
    each = divided(settings)
    pools = [Pool(model, each) for _ in range(settings.contexts)]
    prompt = _together(pools, _PROMPT, _prompts, _nothing)
    numbers = [each.sequences >> bits for bits in range(each.sequences.bit_length() if settings.exact else 1)]
    rates = [_decoding(pools, load.shared, number) for number in numbers]
    new = min(rates, key=lambda measured: measured.wall / measured.tokens)
    for pool in pools:
        pool.drop()
    model.close()
    tokens = load.answers * NEW
    shares = load.needed / prompt.tokens, tokens / new.tokens
    return Measured(
        tokens,
        shares[0] * prompt.wall + shares[1] * new.wall,
        shares[0] * prompt.processor + shares[1] * new.processor,
    )


def _together(pools: list[Pool], cells: int, work: Callable[[Pool], int], prepare: Callable[[Pool], None]) -> Measured:
    """The work in every pool, each in a thread; it says how many tokens it took."""
    for pool in pools:
        pool.make(-(-cells // 256) * 256)
        prepare(pool)
    with ThreadPoolExecutor(len(pools)) as threads:
        watch = Stopwatch()
        return watch.stop(sum(threads.map(work, pools)))


def _nothing(_: Pool) -> None:
    pass


def _prompts(pool: Pool) -> int:
    for _ in range(_PROMPTS):
        pool.context.cut(0, 0)
        _feed(pool, 0, 0, _PROMPT)
    return _PROMPTS * _PROMPT


def _decoding(pools: list[Pool], shared: int, sequences: int) -> Measured:
    cells = shared + sequences * (_PROMPT - shared + NEW)
    begin, work = partial(_begin, shared, sequences), partial(_decode, sequences)
    return _together(pools, cells, work, begin)


def _begin(shared: int, sequences: int, pool: Pool) -> None:
    _feed(pool, 0, 0, shared)
    for sequence in range(1, sequences):
        pool.context.share(0, sequence, shared)
    for sequence in range(sequences):
        if shared < _PROMPT:
            _feed(pool, sequence, shared, _PROMPT - shared)


def _decode(sequences: int, pool: Pool) -> int:
    tokens = _tokens(NEW * sequences).reshape(NEW, sequences).tolist()
    for step in range(NEW):
        pool.batch.clear()
        pool.batch.add_each(tokens[step], range(sequences), [_PROMPT + step] * sequences)
        pool.decode()
        pool.context.logits(1)
    return NEW * sequences


def _feed(pool: Pool, sequence: int, start: int, count: int) -> None:
    batch: LlamaBatch = pool.batch
    batch.clear()
    batch.add(_tokens(count).tolist(), sequence, start, 1)
    pool.decode()
    pool.context.logits(1)


def _tokens(count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.random.default_rng(count).integers(10, 1000, count)
