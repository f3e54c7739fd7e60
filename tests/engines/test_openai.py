import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from workbench.engines.engine import Engine, Request, Sampling, sample_seed
from workbench.engines.openai import EndpointEngine, EndpointSettings
from workbench.errors import ContextError, EndpointError, EngineError
from workbench.messages import user

Reply = tuple[int, dict[str, str], Any]
KEY = "sk-very-secret"


@dataclass
class Endpoint:
    """A local server that answers as `reply` says, and remembers what it was asked."""

    url: str = ""
    asked: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    reply: Callable[[str, dict[str, Any]], Reply] = lambda path, body: (404, {}, {})
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, path: str) -> list[dict[str, Any]]:
        return [body for asked, body, _ in self.asked if asked == path]


def chat(path: str, body: dict[str, Any]) -> Reply:
    """Answers with the question and the seed; the second model of the list is the one asked for."""
    if path == "/v1/models":
        return 200, {}, {"data": [{"id": "first"}, {"id": "small", "max_model_len": 2048}]}
    if path not in ("/v1/chat/completions", "/v1/completions"):
        return 404, {}, {"error": "no such route"}
    said = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
    texts = [f"{said}/{body['seed']}/{number}" for number in range(body.get("n", 1))]
    ends = {"finish_reason": "stop"}
    choices = [
        ends | ({"message": {"role": "assistant", "content": text}} if "messages" in body else {"text": text})
        for text in texts
    ]
    return 200, {}, {"choices": choices, "usage": {"prompt_tokens": 9, "completion_tokens": 5 * len(texts)}}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint(reply=chat)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            with found.lock:
                found.asked.append((self.path, body, dict(self.headers)))
                found.at_once += 1
                found.most_at_once = max(found.most_at_once, found.at_once)
            status, headers, answer = found.reply(self.path, body)
            with found.lock:
                found.at_once -= 1
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def engine(endpoint: Endpoint) -> Iterator[EndpointEngine]:
    engine = EndpointEngine(EndpointSettings(endpoint.url, "small", KEY, concurrency=3, attempts=3))
    yield engine
    engine.close()


def answers(engine: Engine, *requests: Request) -> dict[tuple[str, int], str]:
    with engine.session() as session:
        for request in requests:
            session.submit(request)
        return {(done.request.tag, done.index): done.text for done in session}


def test_it_is_an_engine(engine: EndpointEngine, endpoint: Endpoint) -> None:
    as_protocol: Engine = engine
    assert (as_protocol.name, as_protocol.context_size, as_protocol.capabilities) == ("small", 2048, frozenset())
    assert len(as_protocol.digest) == 64
    other = EndpointEngine(EndpointSettings(endpoint.url, "small", "another key"))
    assert as_protocol.digest == other.digest
    other.close()


def test_messages_and_prompts_take_their_routes(engine: EndpointEngine, endpoint: Endpoint) -> None:
    sampling = Sampling(max_tokens=7, temperature=0.5, top_p=0.9, top_k=3, stop=("\n",))
    asked = Request("chat", messages=(user("Who?"),), sampling=sampling, seed=4)
    seed = sample_seed(4, 0)
    found = answers(engine, asked, Request("plain", prompt="The", seed=4))
    assert found == {("chat", 0): f"Who?/{seed}/0", ("plain", 0): f"The/{seed}/0"}
    (body,) = endpoint.of("/v1/chat/completions")
    expected = {"max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "top_k": 3, "stop": ["\n"], "model": "small"}
    assert expected.items() <= body.items()
    assert not {"n", "min_p"} & body.keys()
    assert endpoint.asked[-1][2]["Authorization"] == f"Bearer {KEY}"


def test_samples_come_in_one_answer_or_one_by_one(engine: EndpointEngine, endpoint: Endpoint) -> None:
    request = Request("a", prompt="The", samples=3)
    assert len(set(answers(engine, request).values())) == 3
    assert [body["n"] for body in endpoint.of("/v1/completions")] == [3]

    def alone(path: str, body: dict[str, Any]) -> Reply:
        return (400, {}, {"error": "n must be 1"}) if "n" in body else chat(path, body)

    endpoint.reply = alone
    endpoint.asked.clear()
    expected = {("a", index): f"The/{sample_seed(0, index)}/0" for index in range(3)}
    assert answers(engine, request) == expected
    assert answers(engine, request) == expected
    assert sum("n" in body for body in endpoint.of("/v1/completions")) == 1


def test_a_silent_n_is_made_up_for(engine: EndpointEngine, endpoint: Endpoint) -> None:
    endpoint.reply = lambda path, body: chat(path, body | {"n": 1})
    assert len(set(answers(engine, Request("a", prompt="The", samples=3)).values())) == 3


def test_no_more_than_wanted_are_asked_at_once(engine: EndpointEngine, endpoint: Endpoint) -> None:
    def slow(path: str, body: dict[str, Any]) -> Reply:
        time.sleep(0.02)
        return chat(path, body)

    endpoint.reply = slow
    assert len(answers(engine, *(Request(str(number), prompt="x") for number in range(20)))) == 20
    assert endpoint.most_at_once == 3


def test_a_busy_endpoint_is_asked_again(engine: EndpointEngine, endpoint: Endpoint) -> None:
    def busy(path: str, body: dict[str, Any]) -> Reply:
        return (429, {"Retry-After": "0.01"}, {}) if len(endpoint.of(path)) == 1 else chat(path, body)

    endpoint.reply = busy
    assert len(answers(engine, Request("a", prompt="x"))) == 1
    assert len(endpoint.of("/v1/completions")) == 2


def test_what_is_cancelled_is_not_waited_for(engine: EndpointEngine, endpoint: Endpoint) -> None:
    with engine.session() as session:
        for number in range(3):
            session.submit(Request("stays", prompt=str(number)))
        for number in range(30):
            session.submit(Request("goes", prompt=str(number), samples=2))
        session.cancel("goes")
        ends = [(done.request.tag, done.finish) for done in session]
    assert ends.count(("goes", "cancelled")) == 60
    assert ends.count(("stays", "stop")) == 3


@pytest.mark.parametrize(
    ("status", "said", "error", "words"),
    [
        (400, "maximum context length is 512 tokens", ContextError, "'a'.*512"),
        (400, "bad temperature", EngineError, "'a'.*bad temperature"),
        (401, f"no such key {KEY}", EngineError, r"401.*no such key \*\*\*"),
        (404, "no such model", EngineError, "no such model"),
        (500, "boom", EndpointError, "3 times; last: status 500"),
    ],
)
def test_a_refusal_is_an_error_that_names_the_request_and_hides_the_key(
    endpoint: Endpoint, status: int, said: str, error: type[EngineError], words: str
) -> None:
    endpoint.reply = lambda path, body: (
        chat(path, body) if path == "/v1/models" else (status, {"Retry-After": "0"}, said)
    )
    engine = EndpointEngine(EndpointSettings(endpoint.url, "small", KEY, attempts=3))
    with pytest.raises(error, match=words) as caught:
        answers(engine, Request("a", prompt="x"))
    assert type(caught.value) is error
    assert KEY not in str(caught.value)
    assert KEY not in repr(caught.value.__context__)
    engine.close()


def test_the_key_is_in_no_log_and_no_text(engine: EndpointEngine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answers(engine, Request("a", prompt="x"))
    assert KEY not in caplog.text
    assert KEY not in repr(engine)


def test_something_that_is_no_endpoint_is_said_so(engine: EndpointEngine, endpoint: Endpoint) -> None:
    endpoint.reply = lambda path, body: (200, {}, b"<html>welcome</html>")
    with pytest.raises(EndpointError, match="not JSON"):
        answers(engine, Request("a", prompt="x"))


@pytest.mark.parametrize(
    ("route", "key", "answer"),
    [
        ("/tokenize", "prompt", {"count": 42}),
        ("/tokenize", "content", {"tokens": list(range(42))}),
        ("/extras/tokenize/count", "input", {"count": 42}),
    ],
)
def test_the_servers_own_tokenizer_counts(
    engine: EndpointEngine, endpoint: Endpoint, route: str, key: str, answer: dict[str, Any]
) -> None:
    endpoint.reply = lambda path, body: (200, {}, answer) if path == route and key in body else chat(path, body)
    assert engine.count_tokens("some text") == 42


def test_without_a_tokenizer_the_estimate_is_not_too_low(engine: EndpointEngine) -> None:
    assert engine.count_tokens("") == 0
    assert engine.count_tokens("A harbour is a place where ships may anchor.") >= 9


def test_what_an_endpoint_cannot_do_is_said(engine: EndpointEngine) -> None:
    with pytest.raises(EngineError, match="cannot score"):
        engine.score("a", ["b"])
    with pytest.raises(EngineError, match="chat template"):
        engine.render([user("x")])
    with pytest.raises(EngineError, match="grammar"), engine.session() as session:
        session.submit(Request("a", prompt="x", grammar="root ::= [a]"))
