import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.engines.endpoints import Endpoint
from tests.engines.tellers import Teller
from workbench.engines.credentials import EndpointSettings
from workbench.engines.engine import Engine, Sampling
from workbench.engines.llamacpp import LlamaEngine
from workbench.engines.openai import EndpointEngine
from workbench.engines.replies import Asked, Reply
from workbench.engines.settings import Settings
from workbench.engines.transcript import Answer, Turn
from workbench.engines.transformers import TransformersEngine

SAMPLING = Sampling(max_tokens=24, temperature=1.0)


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def turns(count: int, **answer: Any) -> tuple[Turn, ...]:
    return tuple(Turn(f"q{number}", {"one": Answer(f"a{number}", **answer)}) for number in range(count))


def answered(engine: Any, executor: ThreadPoolExecutor, asked: Asked) -> Answer:
    reply = Reply(asked)
    reply.start(engine, executor)
    return reply.wait(60)


def test_pieces_are_the_answer_without_white_space_around_it(executor: ThreadPoolExecutor) -> None:
    engine, heard = Teller("\n", "  One", " ", "two\n", "three", " \n", " "), list[str]()
    reply = Reply(Asked("one", "Count.", SAMPLING), heard.append)
    reply.start(engine, executor)  # type: ignore[arg-type]
    assert reply.wait(60) == Answer("One two\nthree")
    assert heard == ["One", " two", "\nthree"]
    assert reply.text == "One two\nthree"
    assert threading.get_ident() not in engine.threads, "whoever asks is not kept waiting"


def test_stopping_keeps_what_was_said(executor: ThreadPoolExecutor) -> None:
    engine = Teller(*["word "] * 1000)
    reply = Reply(Asked("one", "Talk.", SAMPLING), lambda piece: reply.stop())
    reply.start(engine, executor)  # type: ignore[arg-type]
    assert reply.wait(60) == Answer("word", "cancelled")


def test_the_oldest_turns_leave_the_view_when_all_do_not_fit(executor: ThreadPoolExecutor) -> None:
    engine = Teller("Yes.", most=5)
    assert answered(engine, executor, Asked("one", "Now?", SAMPLING, before=turns(4))) == Answer("Yes.", left_out=2)
    assert [message["content"] for message in engine.requests[-1].messages] == ["q2", "a2", "q3", "a3", "Now?"]


def test_what_was_left_out_stays_out(executor: ThreadPoolExecutor) -> None:
    engine = Teller("Yes.")
    before = (*turns(3), *turns(1, left_out=2))
    assert answered(engine, executor, Asked("one", "Now?", SAMPLING, before=before)).left_out == 2
    assert len(engine.requests) == 1


def test_a_message_that_does_not_fit_by_itself_is_an_error(executor: ThreadPoolExecutor) -> None:
    answer = answered(Teller("Yes.", most=0), executor, Asked("one", "Now?", SAMPLING, before=turns(2)))
    assert answer == Answer("", "failed", error="the request does not fit\nhint: shorten it")


def test_a_fault_is_an_answer_too(executor: ThreadPoolExecutor) -> None:
    answer = answered(None, executor, Asked("one", "Now?", SAMPLING))
    assert answer.end == "failed"
    assert answer.error.startswith("AttributeError: ")


def test_who_waits_for_the_end_is_called_also_when_it_failed(executor: ThreadPoolExecutor) -> None:
    reply, ended = Reply(Asked("one", "Now?", SAMPLING)), threading.Event()
    reply.then(ended.set)
    reply.start(Teller(most=0), executor)  # type: ignore[arg-type]
    assert ended.wait(60)


@pytest.fixture(params=["llamacpp", "transformers"])
def local(request: pytest.FixtureRequest, tiny_gguf: Path, tiny_model: Path) -> Iterator[Engine]:
    if request.param == "llamacpp":
        engine: Engine = LlamaEngine(tiny_gguf, Settings(threads=1))
    else:
        engine = TransformersEngine(tiny_model)
    yield engine
    engine.close()


def test_local_models_stream_and_stop(local: Engine, executor: ThreadPoolExecutor) -> None:
    pieces: list[str] = []
    long = Sampling(max_tokens=200, temperature=1.0)
    asked = Asked("one", "Who built it?", long, seed=3)
    whole = Reply(asked, pieces.append)
    whole.start(local, executor)
    said = whole.wait(120).text
    assert "".join(pieces) == said
    assert len(pieces) > 10
    cut = Reply(asked, lambda piece: cut.stop())
    cut.start(local, executor)
    stopped = cut.wait(120)
    assert stopped.end == "cancelled"
    assert said.startswith(stopped.text)
    assert len(stopped.text) < len(said)
    assert answered(local, executor, asked).text == said, "the model answers as before"


def test_a_local_model_forgets_the_oldest_turns(local: Engine, executor: ThreadPoolExecutor) -> None:
    long = tuple(Turn("When was it opened? " * 9, {"one": Answer("In the year 1907. " * 5)}) for _ in range(8))
    answer = answered(local, executor, Asked("one", "Who?", SAMPLING, before=long))
    assert 0 < answer.left_out < 8


def stream(*pieces: str) -> bytes:
    lines = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    lines.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return "".join(f"data: {json.dumps(line)}\n\n" for line in lines).encode() + b"data: [DONE]\n\n"


@pytest.fixture
def remote(endpoint: Endpoint) -> Iterator[EndpointEngine]:
    engine = EndpointEngine(EndpointSettings(endpoint.url, attempts=1), "small")
    yield engine
    engine.close()


def test_an_endpoint_streams(remote: EndpointEngine, endpoint: Endpoint, executor: ThreadPoolExecutor) -> None:
    first = endpoint.reply
    events = {"Content-Type": "text/event-stream"}
    streamed: Any = (200, events, stream("One", " two"))
    endpoint.reply = lambda path, body: streamed if body.get("stream") else first(path, body)
    assert answered(remote, executor, Asked("one", "Count.", SAMPLING)).text == "One two"


def test_an_endpoint_that_says_nothing_can_be_stopped(
    remote: EndpointEngine, endpoint: Endpoint, executor: ThreadPoolExecutor
) -> None:
    first, held, asked = endpoint.reply, threading.Event(), threading.Event()

    def silent(path: str, body: dict[str, Any]) -> Any:
        if "messages" in body:
            asked.set()
            held.wait(60)
        return first(path, body)

    endpoint.reply = silent
    reply = Reply(Asked("one", "Hello?", SAMPLING))
    reply.start(remote, executor)
    assert asked.wait(60)
    reply.stop()
    try:
        assert reply.wait(30) == Answer("", "cancelled")
    finally:
        held.set()


def test_an_endpoint_that_is_gone_is_an_error(
    remote: EndpointEngine, endpoint: Endpoint, executor: ThreadPoolExecutor
) -> None:
    endpoint.reply = lambda path, body: (200, {}, None)
    answer = answered(remote, executor, Asked("one", "Hello?", SAMPLING))
    assert answer.end == "failed"
    assert f"request 'one' to {endpoint.url} failed" in answer.error
