from pathlib import Path

import pytest

from workbench.engines.engine import Completion, Request, Sampling
from workbench.engines.llama_binding import LlamaModel
from workbench.engines.pool import Pool, Settings
from workbench.engines.scheduler import Scheduler

PROMPT = [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]


@pytest.fixture
def scheduler(tiny_gguf: Path, shared: bool) -> Scheduler:
    settings = Settings(context_size=512, sequences=4, prefixes=2, batch=32, threads=1, shared=shared)
    return Scheduler(Pool(LlamaModel(tiny_gguf), settings))


def request(tag: str, tokens: int = 4, samples: int = 1) -> Request:
    return Request(tag, prompt="given as tokens", sampling=Sampling(max_tokens=tokens), samples=samples)


def finish(scheduler: Scheduler) -> list[Completion]:
    while scheduler.busy:
        scheduler.step()
    found = list(scheduler.ready)
    scheduler.ready.clear()
    return found


def test_a_sample_joins_while_others_are_under_way(scheduler: Scheduler) -> None:
    scheduler.add(request("first", 6), PROMPT, None)
    scheduler.step()
    scheduler.add(request("second", 2), [30, 31], None)
    done = finish(scheduler)
    assert [(each.request.tag, each.tokens) for each in done] == [("second", 2), ("first", 6)]


def test_samples_wait_for_a_beginning_that_is_on_its_way(scheduler: Scheduler) -> None:
    scheduler.add(request("a", samples=3), PROMPT, None)
    scheduler.add(request("b"), [30, 31], None)
    scheduler.step()
    counters = scheduler._pool.counters
    assert counters.evaluated_prompt_tokens == len(PROMPT) + 2
    scheduler.step()
    assert counters.evaluated_prompt_tokens == len(PROMPT) + 4
    assert counters.reused_prompt_tokens == 2 * (len(PROMPT) - 1)
    assert len(finish(scheduler)) == 4


def test_a_prompt_longer_than_a_batch_is_fed_in_parts(scheduler: Scheduler) -> None:
    scheduler.add(request("long"), PROMPT * 10, None)
    scheduler.step()
    assert scheduler._pool.counters.evaluated_prompt_tokens == 32
    (done,) = finish(scheduler)
    assert (done.prompt_tokens, done.tokens) == (140, 4)


def test_nothing_new_begins_without_admission(scheduler: Scheduler) -> None:
    scheduler.add(request("first"), PROMPT, None)
    scheduler.step()
    scheduler.add(request("second"), PROMPT, None)
    while scheduler.running:
        scheduler.step(admit=False)
    assert [each.request.tag for each in scheduler.ready] == ["first"]
    assert scheduler.busy


def test_everything_can_be_cancelled(scheduler: Scheduler) -> None:
    scheduler.add(request("a", 50, samples=6), PROMPT, None)
    for _ in range(4):
        scheduler.step()
    scheduler.cancel(None)
    assert not scheduler.busy
    assert sorted(each.index for each in scheduler.ready) == list(range(6))
    assert {each.finish for each in scheduler.ready} == {"cancelled"}
    assert sum(each.tokens for each in scheduler.ready) > 0
    scheduler.ready.clear()
    scheduler.add(request("b"), PROMPT, None)
    assert [each.request.tag for each in finish(scheduler)] == ["b"]
