import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from workbench.engines.engine import Completion
from workbench.engines.llamacpp import LlamaEngine, LlamaSession
from workbench.engines.settings import Settings
from workbench.errors import EngineError
from workbench.serving.bodies import TextBody, parse
from workbench.serving.models import Place, Served
from workbench.serving.orders import Ended, Event, Order, Piece
from workbench.serving.refusals import Refusal
from workbench.serving.worker import Worker


def served(path: Path, **settings: Any) -> Served:
    return Served(Place("random", path), LlamaEngine(path, Settings(threads=1, **settings)))


def order(client: str = "a", **fields: Any) -> Order:
    body = parse(TextBody, json.dumps({"model": "m", "prompt": "The", "max_tokens": 8} | fields).encode())
    order.count += 1  # type: ignore[attr-defined]
    return Order(f"cmpl-{order.count}", body, 1, client, asyncio.get_running_loop())  # type: ignore[attr-defined]


order.count = 0  # type: ignore[attr-defined]


async def events(asked: Order, count: int) -> list[Event]:
    """Up to so many ends, or to a refusal."""
    found: list[Event] = []
    while sum(isinstance(each, Ended) for each in found) < count:
        found.append(await asyncio.wait_for(asked.events.get(), 60))
        if isinstance(found[-1], Refusal):
            break
    return found


def worked(model: Served, do: Callable[[Worker], Awaitable[None]]) -> None:
    async def run() -> None:
        worker = Worker(model, 32)
        worker.start()
        try:
            await do(worker)
        finally:
            worker.cut_off()
            worker.join()
            assert not worker.alive
            model.engine.close()

    asyncio.run(run())


def test_orders_are_worked_on_side_by_side(random_gguf: Path) -> None:
    async def do(worker: Worker) -> None:
        assert worker.places == 4
        orders = [order(n=2, seed=number) for number in range(5)]
        for each in orders:
            worker.place(each)
        for each in orders:
            ends = [event for event in await events(each, 2) if isinstance(event, Ended)]
            assert sorted(end.choice for end in ends) == [0, 1]

    worked(served(random_gguf, sequences=4), do)


def test_pieces_come_for_a_stream_alone(random_gguf: Path) -> None:
    async def do(worker: Worker) -> None:
        for stream in (True, False):
            asked = order(stream=stream, prompt=["The", "A"])
            worker.place(asked)
            found = await events(asked, 2)
            texts = {event.choice: event.completion.text for event in found if isinstance(event, Ended)}
            pieces = {0: "", 1: ""}
            for event in found:
                if isinstance(event, Piece):
                    pieces[event.choice] += event.text
            assert pieces == (texts if stream else {0: "", 1: ""})

    worked(served(random_gguf), do)


def test_a_client_with_much_does_not_hold_up_another(random_gguf: Path) -> None:
    async def do(worker: Worker) -> None:
        # The engine goes through prompts in their order: of these two one comes last there, wherever it begins.
        many = [order("greedy", max_tokens=60, prompt="M") for _ in range(12)]
        modest = [order("modest", max_tokens=4, prompt=prompt) for prompt in "!~"]
        for each in [*many, *modest]:
            worker.place(each)
        for each in modest:
            await events(each, 1)
        assert sum(not each.events.empty() for each in many) < 8
        for each in many:
            await events(each, 1)

    worked(served(random_gguf, sequences=2), do)


def test_what_is_dropped_makes_room_at_once(random_gguf: Path) -> None:
    async def do(worker: Worker) -> None:
        slow = [order(n=128, max_tokens=400, temperature=0) for _ in range(3)]
        for each in slow:
            worker.place(each)
        quick = order()
        worker.place(quick)
        for each in slow:
            worker.drop(each)
        assert isinstance((await events(quick, 1))[-1], Ended)
        assert all(each.events.empty() for each in slow)

    worked(served(random_gguf, sequences=2), do)


def test_what_cannot_be_asked_is_refused_alone(random_gguf: Path) -> None:
    async def do(worker: Worker) -> None:
        long, good = order(prompt=["short", "long " * 600]), order()
        worker.place(long)
        worker.place(good)
        (refusal,) = await events(long, 2)
        assert isinstance(refusal, Refusal)
        assert (refusal.code, refusal.param) == ("context_length_exceeded", "prompt")
        assert isinstance((await events(good, 1))[-1], Ended)

    worked(served(random_gguf), do)


@pytest.mark.parametrize("error", [EngineError("out of memory"), ZeroDivisionError("a fault")])
def test_a_fault_ends_what_is_under_way_and_not_the_worker(
    random_gguf: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def broken(self: LlamaSession) -> list[Completion]:
        raise error

    async def do(worker: Worker) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(LlamaSession, "turn", broken)
            asked = order()
            worker.place(asked)
            (refusal,) = await events(asked, 1)
            assert isinstance(refusal, Refusal)
            assert refusal.status == 500
        again = order()
        worker.place(again)
        assert isinstance((await events(again, 1))[-1], Ended)

    worked(served(random_gguf), do)
    assert ("a fault of the workbench" in caplog.text) == isinstance(error, ZeroDivisionError)


def test_cutting_off_refuses_what_waits_runs_and_comes(random_gguf: Path) -> None:
    async def do(worker: Worker) -> None:
        orders = [order(n=64, max_tokens=400, temperature=0) for _ in range(3)]
        for each in orders:
            worker.place(each)
        worker.cut_off()
        orders.append(order())
        worker.place(orders[-1])
        for each in orders:
            refusal = (await events(each, 64))[-1]
            assert isinstance(refusal, Refusal)
            assert (refusal.status, refusal.code) == (503, "server_stopping")

    worked(served(random_gguf, sequences=2), do)


def test_the_engine_is_used_in_one_thread(random_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    seen: set[str] = set()
    session = LlamaEngine.session

    def noted(self: LlamaEngine) -> AbstractContextManager[LlamaSession]:
        seen.add(threading.current_thread().name)
        return session(self)

    monkeypatch.setattr(LlamaEngine, "session", noted)

    async def do(worker: Worker) -> None:
        asked = order()
        worker.place(asked)
        await events(asked, 1)

    worked(served(random_gguf), do)
    assert seen == {"random_0"}
