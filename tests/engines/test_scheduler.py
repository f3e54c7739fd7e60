from pathlib import Path

import pytest

from workbench.engines.answers import answers
from workbench.engines.engine import Completion, Request, Sampling
from workbench.engines.llama_binding import LlamaModel
from workbench.engines.pool import Pool
from workbench.engines.scheduler import Scheduler
from workbench.engines.scoring import judgements
from workbench.engines.settings import Settings

PROMPT = [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]


@pytest.fixture
def scheduler(tiny_gguf: Path, exact: bool) -> Scheduler:
    settings = Settings(512, sequences=4, prefixes=2, batch=32, threads=1, exact=exact)
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
    scheduler.add(answers(request("first", 6), PROMPT, None))
    scheduler.step()
    scheduler.add(answers(request("second", 2), [30, 31], None))
    done = finish(scheduler)
    assert [(each.request.tag, each.tokens) for each in done] == [("second", 2), ("first", 6)]


def test_samples_join_the_one_that_evaluates_their_prompt(scheduler: Scheduler) -> None:
    scheduler.add(answers(request("a", samples=3), PROMPT, None))
    scheduler.add(answers(request("b"), [30, 31], None))
    scheduler.step()
    counters = scheduler._pool.counters
    assert (counters.evaluated_prompt_tokens, counters.generated_tokens) == (len(PROMPT), 3)
    scheduler.step()
    assert (counters.evaluated_prompt_tokens, counters.generated_tokens) == (len(PROMPT) + 2, 7)
    assert counters.reused_prompt_tokens == 2 * len(PROMPT)
    assert len(finish(scheduler)) == 4


def test_lanes_wait_for_a_beginning_that_is_on_its_way(scheduler: Scheduler) -> None:
    scheduler.add(answers(request("a"), [*PROMPT, 40, 41], None))
    scheduler.add(answers(request("b"), [*PROMPT, 50], None))
    scheduler.step()
    counters = scheduler._pool.counters
    assert counters.evaluated_prompt_tokens == len(PROMPT) + 2
    scheduler.step()
    assert counters.evaluated_prompt_tokens == len(PROMPT) + 3
    assert len(finish(scheduler)) == 2


def test_scores_ride_in_the_batches_of_answers(scheduler: Scheduler) -> None:
    alone = Request("alone", prompt="x", continuations=("y", "z"))
    scheduler.add(judgements(alone, PROMPT, [[30, 31, 32], [33]]))
    (expected,) = finish(scheduler)
    scheduler.add(answers(request("a", 12, samples=2), PROMPT, None))
    for _ in range(3):
        scheduler.step()
    before = scheduler._pool.counters.batches
    scheduler.add(judgements(alone, PROMPT, [[30, 31, 32], [33]]))
    found = finish(scheduler)
    assert scheduler._pool.counters.batches - before == 9, "no evaluation beyond those of the answers"
    assert [each.request.tag for each in found] == ["alone", "a", "a"]
    assert found[0].scores == pytest.approx(expected.scores, abs=1e-3)


def test_a_prompt_longer_than_a_batch_is_fed_in_parts(scheduler: Scheduler) -> None:
    scheduler.add(answers(request("long"), PROMPT * 10, None))
    scheduler.step()
    assert scheduler._pool.counters.evaluated_prompt_tokens == 32
    (done,) = finish(scheduler)
    assert (done.prompt_tokens, done.tokens) == (140, 4)


def test_urgent_lanes_go_first(scheduler: Scheduler) -> None:
    for tag in "abcdef":
        scheduler.add(answers(request(tag), [30, ord(tag)], None))
    scheduler.add(answers(request("urgent", 1), [90, 91], None), urgent=True)
    assert finish(scheduler)[0].request.tag == "urgent"


def test_everything_can_be_cancelled(scheduler: Scheduler) -> None:
    scheduler.add(answers(request("a", 50, samples=6), PROMPT, None))
    for _ in range(4):
        scheduler.step()
    scheduler.cancel(None)
    assert not scheduler.busy
    assert sorted(each.index for each in scheduler.ready) == list(range(6))
    assert {each.finish for each in scheduler.ready} == {"cancelled"}
    assert sum(each.tokens for each in scheduler.ready) > 0
    scheduler.ready.clear()
    scheduler.add(answers(request("b"), PROMPT, None))
    assert [each.request.tag for each in finish(scheduler)] == ["b"]
