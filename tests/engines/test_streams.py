import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines.endpoints import Endpoint, Reply
from workbench.engines.credentials import EndpointSettings
from workbench.engines.engine import Completion, Engine, Request, Sampling
from workbench.engines.openai import EndpointEngine
from workbench.engines.streams import DONE, Assembly, event
from workbench.errors import EndpointError, EngineError
from workbench.messages import user

KEY = "sk-very-secret"


@pytest.fixture
def engine(endpoint: Endpoint) -> Iterator[EndpointEngine]:
    engine = EndpointEngine(EndpointSettings(endpoint.url, KEY), "small")
    yield engine
    engine.close()


@pytest.mark.parametrize(
    ("line", "meaning"),
    [('data: {"a": 1}', {"a": 1}), ('data:{"a": 1}', {"a": 1}), ("data: [DONE]", DONE), (": ping", None), ("", None)],
)
def test_a_line_is_an_event_or_none(line: str, meaning: object) -> None:
    assert event(line) == meaning


def test_a_broken_line_is_an_error() -> None:
    with pytest.raises(ValueError, match="Unterminated"):
        event('data: {"a')


def test_choices_are_put_together_while_their_pieces_go_out() -> None:
    told: list[tuple[int, str]] = []
    assembly = Assembly(lambda index, text: told.append((index, text)))
    assembly.add({"choices": [{"index": 1, "delta": {"role": "assistant", "content": ""}}]})
    assembly.add({"choices": [{"index": 1, "delta": {"content": "a"}, "logprobs": {"content": [1]}}]})
    assembly.add({"choices": [{"index": 0, "text": "b", "finish_reason": "stop"}]})
    ended = [assembly.complete]
    assembly.add({"choices": [{"index": 1, "delta": {"content": "c"}, "finish_reason": "length"}], "usage": None})
    assembly.add({"choices": [], "usage": {"completion_tokens": 3}})
    assembly.add({"choices": [{"index": 1, "delta": {}, "logprobs": {"content": [2]}}]})
    assert [*ended, assembly.complete] == [False, True]
    assert told == [(1, "a"), (0, "b"), (1, "c")]
    assert assembly.answer() == {
        "choices": [
            {"text": "b", "finish_reason": "stop", "logprobs": {}},
            {"text": "ac", "finish_reason": "length", "logprobs": {"content": [1, 2]}},
        ],
        "usage": {"completion_tokens": 3},
    }


def event_stream(*events: object, end: str = "data: [DONE]\n\n") -> Reply:
    content = "".join(f"data: {json.dumps(each)}\n\n" for each in events) + end
    return 200, {"Content-Type": "text/event-stream"}, content.encode()


def piece(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


def completions(engine: Engine, request: Request) -> list[Completion]:
    with engine.session() as session:
        session.submit(request)
        return list(session)


def heard(engine: Engine) -> tuple[list[str], list[Completion]]:
    told: list[str] = []
    found = completions(engine, Request("a", messages=(user("x"),), on_text=lambda _, text: told.append(text)))
    return told, found


def test_a_stream_is_asked_for_and_put_together(engine: EndpointEngine, endpoint: Endpoint) -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 2}}
    endpoint.reply = lambda path, body: event_stream(piece("It "), piece("is"), piece("", "length"), usage)
    told, (done,) = heard(engine)
    assert told == ["It ", "is"]
    assert (done.text, done.finish, done.prompt_tokens, done.tokens) == ("It is", "length", 4, 2)
    (body,) = endpoint.of("/v1/chat/completions")
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


def test_a_server_that_does_not_stream_is_heard_at_once(engine: EndpointEngine, endpoint: Endpoint) -> None:
    told, (done,) = heard(engine)
    assert told == [done.text]


def test_a_stream_without_counts_is_asked_for_where_they_are_refused(
    engine: EndpointEngine, endpoint: Endpoint
) -> None:
    def picky(path: str, body: dict[str, Any]) -> Reply:
        unknown = next((name for name in ("stream_options", "top_k") if name in body), "")
        return (400, {}, f"unknown field {unknown}") if unknown else event_stream(piece("It", "stop"))

    endpoint.reply = picky
    assert heard(engine)[0] == ["It"]
    endpoint.asked.clear()
    assert heard(engine)[0] == ["It"]
    assert len(endpoint.of("/v1/chat/completions")) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (event_stream(piece("It "), end=""), "broke off"),
        (event_stream(piece("It "), end='data: {"choi'), "broke off"),
        (event_stream(piece("It "), {"error": {"message": f"out of memory {KEY}"}}), "out of memory"),
    ],
)
def test_a_stream_that_breaks_off_is_an_error(
    engine: EndpointEngine, endpoint: Endpoint, reply: Reply, said: str
) -> None:
    endpoint.reply = lambda path, body: reply
    with pytest.raises(EndpointError, match=f"'a'.*{said}") as raised:
        heard(engine)
    assert KEY not in str(raised.value)


def test_log_probabilities_are_asked_for_once_they_were_seen_to_be_right(
    engine: EndpointEngine, endpoint: Endpoint
) -> None:
    def logging(token: str, top: str) -> Reply:
        likely = [{"token": top, "logprob": -0.5}]
        told = {"content": [{"token": token, "logprob": -0.5, "top_logprobs": likely}]}
        return 200, {}, {"choices": [{"message": {"content": token}, "logprobs": told, "finish_reason": "stop"}]}

    endpoint.reply = lambda path, body: logging("a", "b")
    asked = Request("a", messages=(user("x"),), logprobs=1)
    with pytest.raises(EngineError, match="log-probabilities"):
        completions(engine, asked)
    other = EndpointEngine(EndpointSettings(endpoint.url), "small")
    endpoint.reply = lambda path, body: logging("a", "a")
    (done,) = completions(other, asked)
    assert [(each.piece, each.top) for each in done.logprobs] == [(b"a", ((b"a", -0.5),))]
    assert endpoint.asked[-1][1].items() >= {"logprobs": True, "top_logprobs": 1}.items()
    with pytest.raises(EngineError, match="of its prompt"):
        completions(other, Request("b", messages=(user("x"),), logprobs=1, sampling=Sampling(max_tokens=0)))
    other.close()
