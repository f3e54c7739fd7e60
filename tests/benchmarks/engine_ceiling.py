"""What llama.cpp itself reaches on the same batches, with nothing drawn: the most that an engine around it can."""

from pathlib import Path

import numpy as np

from tests.benchmarks.engine_loads import NEW, OWN, SHARED, Load
from tests.benchmarks.engine_peers import Measured, Stopwatch
from workbench.engines.llama_binding import LlamaBatch, LlamaModel
from workbench.engines.pool import Pool
from workbench.engines.settings import Settings, suited

_PROMPT = SHARED + OWN
_PROMPTS = 4  # evaluated one after another for the rate


def ceiling(path: Path, load: Load, sequences: int, threads: int) -> Measured:
    """The prompt tokens that a load needs at the rate of whole prompts, and its new tokens at that of so many sequences
    which have as much in common as the load's."""
    model = LlamaModel(path)
    size = 2 * _PROMPT + sequences * (_PROMPT - load.shared + NEW)
    given = Settings(sequences=sequences, threads=threads, context_size=model.trained_context)
    settings, _ = suited(given, parameters=model.parameter_count, gpu=False)
    pool = Pool(model, settings)
    pool.make(-(-size // 256) * 256)
    prompt, new = _prompts(pool), _decoding(pool, load.shared, sequences)
    pool.drop()
    model.close()
    tokens = load.answers * NEW
    shares = load.needed / prompt.tokens, tokens / new.tokens
    return Measured(
        tokens,
        shares[0] * prompt.wall + shares[1] * new.wall,
        shares[0] * prompt.processor + shares[1] * new.processor,
    )


def _prompts(pool: Pool) -> Measured:
    watch = Stopwatch()
    for _ in range(_PROMPTS):
        pool.context.cut(0, 0)
        _feed(pool, 0, 0, _PROMPT)
    return watch.stop(_PROMPTS * _PROMPT)


def _decoding(pool: Pool, shared: int, sequences: int) -> Measured:
    pool.context.cut(0, 0)
    _feed(pool, 0, 0, shared)
    for sequence in range(1, sequences):
        pool.context.share(0, sequence, shared)
    for sequence in range(sequences):
        if shared < _PROMPT:
            _feed(pool, sequence, shared, _PROMPT - shared)
    tokens = _tokens(NEW * sequences).reshape(NEW, sequences).tolist()
    everybody = range(sequences)
    watch = Stopwatch()
    for step in range(NEW):
        pool.batch.clear()
        pool.batch.add_each(tokens[step], everybody, [_PROMPT + step] * sequences)
        pool.decode()
        pool.context.logits(1)
    return watch.stop(NEW * sequences)


def _feed(pool: Pool, sequence: int, start: int, count: int) -> None:
    batch: LlamaBatch = pool.batch
    batch.clear()
    batch.add(_tokens(count).tolist(), sequence, start, 1)
    pool.decode()
    pool.context.logits(1)


def _tokens(count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.random.default_rng(count).integers(10, 1000, count)
