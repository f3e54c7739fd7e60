from pathlib import Path

import pytest

from workbench.engines.llama_binding import LlamaModel
from workbench.engines.pool import Pool
from workbench.engines.settings import Settings
from workbench.errors import EngineError


def make(path: Path, *, context_size: int = 512, threads: int = 1, exact: bool = True) -> Pool:
    settings = Settings(context_size, sequences=4, prefixes=2, batch=16, threads=threads, exact=exact)
    return Pool(LlamaModel(path), settings)


def test_a_pool_is_as_large_as_wanted_within_memory(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make(tiny_gguf, exact=False)
    monkeypatch.setattr("workbench.engines.pool._EASY_BYTES", 300 * pool.model.cell_bytes(False))
    assert pool.suggested([]) == 512
    assert pool.suggested([400, 600]) == 1024
    assert pool.suggested([10**9]) == 10**9
    assert pool.suggested([1, 10**9]) == 6 * 512
    monkeypatch.setattr("workbench.engines.pool._MEMORY_SHARE", 0.0)
    assert pool.suggested([400, 10**9]) == 512


def test_an_exact_pool_stays_small(tiny_gguf: Path) -> None:
    pool = make(tiny_gguf, context_size=4096)
    assert pool.suggested([400] * 4) == pool.suggested([400] * 40) == 768
    assert pool.suggested([2000, 400]) == 2048
    assert pool.suggested([30]) == 512


def test_a_pool_that_memory_has_no_room_for_is_refused(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make(tiny_gguf)
    pool.make(512)
    monkeypatch.setattr(pool, "_free", lambda: 100 << 20)
    with pytest.raises(EngineError, match=r"1048576 tokens of tiny.gguf need 3.0 GiB of memory, and 0.1 GiB are free"):
        pool.make(1 << 20)
    assert pool.capacity == 512, "the present one is kept"


def test_nothing_is_there_before_it_is_made(tiny_gguf: Path) -> None:
    pool = make(tiny_gguf)
    assert pool.capacity == 0
    with pytest.raises(EngineError, match="no context yet"):
        pool.decode()
    pool.make(256)
    assert pool.capacity == pool.places.capacity == 256
    pool.drop()
    assert pool.capacity == 0


def test_a_failed_evaluation_costs_the_pool(tiny_gguf: Path) -> None:
    pool = make(tiny_gguf)
    pool.make(256)
    pool.batch.add([5, 6], 0, 40, 1)
    pool.batch.add([5, 6], 0, 7, 1)
    with pytest.raises(EngineError, match="could not evaluate"):
        pool.decode()
    assert pool.capacity == 0


def test_only_large_batches_take_all_threads(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make(tiny_gguf, threads=2)
    pool.make(256)
    taken: list[int] = []
    monkeypatch.setattr(pool.context, "work_with", taken.append)
    monkeypatch.setattr("workbench.engines.pool.THREAD_WORK", 2 * pool.model.parameter_count)
    for size in (1, 3, 4, 12):
        pool.context.cut(0, 0)
        pool.batch.clear()
        pool.batch.add(list(range(5, 5 + size)), 0, 0, 1)
        pool.decode()
    assert taken == [1, 2]
