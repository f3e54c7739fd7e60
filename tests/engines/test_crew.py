import _thread
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from workbench.engines.engine import Request, Sampling
from workbench.engines.llamacpp import LlamaEngine
from workbench.engines.scheduler import Scheduler
from workbench.engines.settings import Settings
from workbench.errors import EngineError

Answers = dict[tuple[str, int], tuple[str, str, int]]
LONG = "The lighthouse of Vel Marin was built in 1843. " * 12


def opened(path: Path, contexts: int) -> LlamaEngine:
    return LlamaEngine(path, Settings(sequences=8, threads=4, contexts=contexts, exact=True))


@pytest.fixture
def crew(tiny_gguf: Path) -> Iterator[LlamaEngine]:
    """An engine with three contexts, which leaves no thread behind."""
    before = set(threading.enumerate())
    engine = opened(tiny_gguf, 3)
    yield engine
    engine.close()
    assert set(threading.enumerate()) == before


def answers(engine: LlamaEngine, requests: list[Request]) -> Answers:
    with engine.session() as session:
        for request in requests:
            session.submit(request)
        return {(done.request.tag, done.index): (done.text, done.finish, done.tokens) for done in session}


def test_contexts_change_no_answer(tiny_gguf: Path, crew: LlamaEngine, questions: list[Request]) -> None:
    sampling = Sampling(max_tokens=12, temperature=1.0)
    requests = [replace(request, sampling=sampling, samples=5) for request in questions]
    alone = opened(tiny_gguf, 1)
    assert answers(crew, requests) == answers(alone, requests) == answers(crew, requests[::-1])
    alone.close()
    assert all(pool.capacity for pool in crew._pools), "every context had work"
    assert crew.counters.batches > 0


def test_who_runs_beside_whom_is_the_same_in_every_run(tiny_gguf: Path, questions: list[Request]) -> None:
    """Completions and evaluations, in their order, whatever the machine does meanwhile."""
    seen = []
    for _ in range(3):
        engine = opened(tiny_gguf, 3)
        with engine.session() as session:
            for request in questions:
                session.submit(replace(request, samples=4))
            order = [(done.request.tag, done.index) for done in session]
        seen.append((order, engine.counters.batches, engine.counters.evaluated_prompt_tokens))
        engine.close()
    assert seen[0] == seen[1] == seen[2]


def test_what_begins_alike_meets_in_one_context(crew: LlamaEngine) -> None:
    sampling = Sampling(max_tokens=2)
    requests = [
        Request(f"{name} {number}", prompt=f"{name} {LONG}{number}", sampling=sampling)
        for number in range(12)
        for name in ("Alpha", "Beta", "Gamma")
    ]
    whole = sum(len(crew.encode(request)) for request in requests)
    assert len(answers(crew, requests)) == 36
    # Three contexts and three beginnings; what is over early helps the others.
    assert crew.counters.evaluated_prompt_tokens < whole / 6


def test_scores_are_those_of_one_context(tiny_gguf: Path, crew: LlamaEngine) -> None:
    judged = [Request(f"judged {n}", prompt=f"{LONG}{n}", continuations=("YES", "NO", "Perhaps")) for n in range(6)]
    alone = opened(tiny_gguf, 1)
    expected = {request.tag: alone.score(request.prompt, request.continuations) for request in judged}
    alone.close()
    with crew.session() as session:
        for request in judged:
            session.submit(request)
        session.submit(Request("drawn", prompt=LONG, sampling=Sampling(max_tokens=9), samples=4))
        at_once = crew.score(judged[0].prompt, judged[0].continuations)
        found = {done.request.tag: done.scores for done in session if done.scores}
    assert at_once == pytest.approx(expected["judged 0"], abs=1e-4)
    assert found == {tag: pytest.approx(scores, abs=1e-4) for tag, scores in expected.items()}
    assert crew.score(judged[1].prompt, judged[1].continuations) == pytest.approx(expected["judged 1"], abs=1e-4)


def test_what_is_cancelled_ends_wherever_it_is(crew: LlamaEngine) -> None:
    sampling = Sampling(max_tokens=200, temperature=1.0)
    with crew.session() as session:
        session.submit(Request("quick", prompt="Quick", sampling=Sampling(max_tokens=2)))
        session.submit(Request("long", prompt="The", sampling=sampling, samples=60))
        session.submit(Request("judged", prompt="The", continuations=("a b c d", "e f g h")))
        ends = []
        for done in session:
            ends.append((done.request.tag, done.finish))
            if done.request.tag == "quick":
                session.cancel("long")
                session.cancel("judged")
    assert len(ends) == 62
    assert ends.count(("long", "cancelled")) >= 40
    with crew.session() as session:
        session.submit(Request("again", prompt="The", sampling=Sampling(max_tokens=2)))
        assert [done.request.tag for done in session] == ["again"]


def test_an_error_in_a_context_is_raised_where_the_session_is_read(
    crew: LlamaEngine, questions: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Scheduler) -> None:
        assert threading.current_thread() is not threading.main_thread()
        raise EngineError("the context is broken")

    with monkeypatch.context() as patch:
        patch.setattr(Scheduler, "step", fail)
        with pytest.raises(EngineError, match="the context is broken"):
            answers(crew, questions)
    assert len(answers(crew, questions)) == len(questions)


def test_an_interruption_ends_the_threads(
    crew: LlamaEngine, questions: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes when all of them are there: mostly while the main thread waits, sometimes while it still starts one, and
    that one ends a moment later."""
    step, before = Scheduler.step, threading.active_count()
    steps, interrupted = count(1), threading.Event()

    def interrupt(scheduler: Scheduler) -> None:
        if next(steps) >= 9 and threading.active_count() > before + 1 and not interrupted.is_set():
            interrupted.set()
            _thread.interrupt_main()
        step(scheduler)

    with monkeypatch.context() as patch:
        patch.setattr(Scheduler, "step", interrupt)
        with pytest.raises(KeyboardInterrupt):
            answers(crew, questions)
    assert interrupted.is_set()
    for thread in threading.enumerate():
        if thread.name.startswith("context_"):
            thread.join(10)
    assert threading.active_count() == before
    assert len(answers(crew, questions)) == len(questions)


def test_time_in_which_several_contexts_work_counts_once(crew: LlamaEngine, questions: list[Request]) -> None:
    answers(crew, questions)
    crew._crew._count((1.0, 2.0))
    before = crew.counters.seconds
    assert before > 0
    later = crew._crew._counted
    for started, ended in ((0, 4), (1, 3), (3, 5)):
        crew._crew._count((later + started, later + ended))
    assert crew.counters.seconds - before == pytest.approx(5)
    assert crew.counters.first_result is not None
