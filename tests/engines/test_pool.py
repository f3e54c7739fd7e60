from pathlib import Path

import pytest

from workbench.engines.llama_binding import LlamaModel, Logits
from workbench.engines.pool import Feed, Pool, Settings
from workbench.errors import EngineError


@pytest.fixture
def pool(tiny_gguf: Path, shared: bool) -> Pool:
    settings = Settings(context_size=512, sequences=4, prefixes=2, batch=16, threads=1, shared=shared)
    return Pool(LlamaModel(tiny_gguf), settings)


def test_a_shared_pool_is_as_large_as_wanted_within_memory(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(LlamaModel(tiny_gguf), Settings(context_size=512, sequences=4, prefixes=2, shared=True))
    monkeypatch.setattr("workbench.engines.pool._EASY_BYTES", 300 * pool.model.cell_bytes)
    assert pool.suggested([]) == 512
    assert pool.suggested([400, 600]) == 1024
    assert pool.suggested([10**9]) == 10**9
    assert pool.suggested([1, 10**9]) == 8 * 512
    monkeypatch.setattr("workbench.engines.pool._MEMORY_SHARE", 0.0)
    assert pool.suggested([400, 10**9]) == 512


def test_a_part_for_each_is_as_large_as_the_longest_within_memory(
    tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Pool(LlamaModel(tiny_gguf), Settings(context_size=1000, sequences=4, prefixes=2))
    monkeypatch.setattr("workbench.engines.pool._EASY_BYTES", 0)
    assert pool.suggested([40, 60]) == 256
    assert pool.suggested([40, 600]) == 768
    assert pool.suggested([40, 1000, 5000]) == 1024
    monkeypatch.setattr("workbench.engines.pool._MEMORY_SHARE", 0.0)
    assert pool.suggested([40, 600]) == 256
    assert pool.suggested([600, 40]) == 768


def test_nothing_is_there_before_it_is_made(pool: Pool) -> None:
    assert pool.capacity == 0
    with pytest.raises(EngineError, match="no context yet"):
        pool.decode()
    pool.make(256)
    assert pool.capacity == pool.places.capacity == 256
    pool.drop()
    assert pool.capacity == 0


def test_feeding_gives_every_wanted_position_once(pool: Pool) -> None:
    pool.make(256)
    seen: dict[tuple[int, int], Logits] = {}

    def reader(number: int, position: int, logits: Logits) -> None:
        assert (number, position) not in seen
        seen[number, position] = logits.copy()

    feeds = []
    for number, tokens in enumerate(([7] * 40, [8] * 9, [9])):
        slot = pool.places.take(tokens, len(tokens))
        assert slot is not None
        feeds.append(Feed(slot, len(tokens) // 2, lambda *found, number=number: reader(number, *found)))
    pool.feed(feeds)
    assert sorted(seen) == [*((0, place) for place in range(20, 40)), *((1, place) for place in range(4, 9)), (2, 0)]
    assert pool.counters.evaluated_prompt_tokens == 50
    assert all(logits.shape == (384,) for logits in seen.values())


def test_a_failed_evaluation_costs_the_pool(pool: Pool) -> None:
    pool.make(256)
    pool.batch.add([5, 6], 0, 40, 1)
    pool.batch.add([5, 6], 0, 7, 1)
    with pytest.raises(EngineError, match="could not evaluate"):
        pool.decode()
    assert pool.capacity == 0
