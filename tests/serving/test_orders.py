import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from workbench.engines.llamacpp import LlamaEngine
from workbench.serving.bodies import Body, ChatBody, TextBody, parse
from workbench.serving.orders import Order, Piece


@pytest.fixture(scope="module")
def engine(random_gguf: Path) -> Iterator[LlamaEngine]:
    engine = LlamaEngine(random_gguf)
    yield engine
    engine.close()


def order(kind: type[Body] = TextBody, **fields: Any) -> Order:
    said = {"prompt": "The"} if kind is TextBody else {"messages": [{"role": "user", "content": "Who?"}]}
    body = parse(kind, json.dumps({"model": "m"} | said | fields).encode())
    return Order("cmpl-1", body, 7, "a", cast("asyncio.AbstractEventLoop", None))


def test_a_prompt_is_a_request_with_samples(engine: LlamaEngine) -> None:
    asked = order(prompt=["The", "A"], n=3, max_tokens=5, top_k=-1, stop="x", min_p=0.1)
    assert asked.size == 6
    parts = list(asked.parts(engine, 99))
    assert [(part.prompt, part.reads, part.request.tag) for part in parts] == [
        (0, False, "cmpl-1/0"),
        (1, False, "cmpl-1/1"),
    ]
    request = parts[1].request
    assert (request.prompt, request.samples, request.seed, request.logprobs) == ("A", 3, 7, None)
    sampling = request.sampling
    assert (sampling.max_tokens, sampling.top_k, sampling.stop, sampling.min_p) == (5, 0, ("x",), 0.1)


def test_an_echo_with_log_probabilities_reads_the_prompt_as_well(engine: LlamaEngine) -> None:
    parts = list(order(echo=True, logprobs=2, max_tokens=4, n=2).parts(engine, 99))
    assert [(part.reads, part.request.samples, part.request.sampling.max_tokens) for part in parts] == [
        (True, 1, 0),
        (False, 2, 4),
    ]
    assert {part.request.logprobs for part in parts} == {2}
    assert [part.reads for part in order(max_tokens=0).parts(engine, 99)] == [True]
    assert [part.reads for part in order(echo=True).parts(engine, 99)] == [False]


@pytest.mark.parametrize(("most", "expected"), [(40, 40), (10_000, 500)])
def test_a_chat_that_names_no_length_gets_what_there_is(engine: LlamaEngine, most: int, expected: int) -> None:
    (part,) = order(ChatBody).parts(engine, most)
    assert part.request.sampling.max_tokens <= expected
    assert part.request.sampling.max_tokens + len(engine.encode(part.request)) <= engine.context_size
    (named,) = order(ChatBody, max_tokens=3).parts(engine, most)
    assert named.request.sampling.max_tokens == 3


def test_a_schema_goes_with_what_is_drawn(engine: LlamaEngine) -> None:
    (part,) = order(response_format={"type": "json_object"}).parts(engine, 9)
    assert json.loads(part.request.schema) == {"type": "object"}


def test_events_come_on_the_loop_in_their_order() -> None:
    async def heard() -> list[str]:
        body = TextBody(model="m", prompt="x")
        asked = Order("a", body, 0, "a", asyncio.get_running_loop())
        await asyncio.to_thread(asked.deliver, [Piece(0, "a"), Piece(0, "b")])
        await asyncio.to_thread(asked.deliver, [Piece(0, "c")])
        events = [await asked.events.get() for _ in range(3)]
        return [event.text for event in events if isinstance(event, Piece)]

    assert asyncio.run(heard()) == ["a", "b", "c"]
