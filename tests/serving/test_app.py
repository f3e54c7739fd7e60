"""The routes, with OpenAI's own client against a server in a process of its own."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from tests.serving.conftest import TEACHER, Running, Start
from workbench.engines import open_engine
from workbench.engines.credentials import EndpointSettings
from workbench.engines.engine import Request, Sampling
from workbench.engines.llamacpp import LlamaEngine
from workbench.engines.openai import EndpointEngine
from workbench.evaluation.papers import Answers
from workbench.evaluation.questions import Question

MESSAGES: list[Any] = [{"role": "user", "content": "Who was the architect of Dunonwyn Bridge?"}]
LONG = {"max_tokens": 60, "temperature": 0}


def said(client: OpenAI, **fields: Any) -> str:
    done = client.chat.completions.create(model=TEACHER, messages=MESSAGES, **fields)
    return str(done.choices[0].message.content)


def test_a_chat_is_what_the_engine_says(client: OpenAI, teacher: Any) -> None:
    done = client.chat.completions.create(model=TEACHER, messages=MESSAGES, max_tokens=30, temperature=0)
    engine = LlamaEngine(teacher)
    with engine.session() as session:
        session.submit(Request("a", messages=tuple(MESSAGES), sampling=Sampling(max_tokens=30)))
        (expected,) = session
    engine.close()
    (choice,) = done.choices
    assert (choice.message.role, choice.message.content) == ("assistant", expected.text)
    assert choice.finish_reason == expected.finish
    assert done.usage is not None
    assert done.usage.model_dump(include={"prompt_tokens", "completion_tokens", "total_tokens"}) == {
        "prompt_tokens": expected.prompt_tokens,
        "completion_tokens": expected.tokens,
        "total_tokens": expected.prompt_tokens + expected.tokens,
    }


def test_a_seed_repeats_and_none_does_not(client: OpenAI) -> None:
    first, second, other = (said(client, max_tokens=20, seed=seed) for seed in (3, 3, 4))
    assert first == second != other
    asked: dict[str, Any] = {"model": "random", "prompt": "The", "max_tokens": 20}
    assert len({client.completions.create(**asked).choices[0].text for _ in range(4)}) == 4


def test_several_samples_are_several_choices(client: OpenAI) -> None:
    done = client.chat.completions.create(model=TEACHER, messages=MESSAGES, n=5, seed=1, max_tokens=20)
    assert [choice.index for choice in done.choices] == list(range(5))
    assert len({choice.message.content for choice in done.choices}) > 1


@pytest.mark.parametrize("model", [TEACHER, "random", "folder"])
def test_a_stream_is_the_same_text(client: OpenAI, model: str) -> None:
    asked: dict[str, Any] = {"model": model, "messages": MESSAGES, "n": 3, "seed": 5, "max_tokens": 24}
    whole = client.chat.completions.create(**asked)
    texts, counts = {0: "", 1: "", 2: ""}, None
    ends: dict[int, str | None] = {}
    for chunk in client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
        counts = chunk.usage or counts
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            ends[choice.index] = choice.finish_reason or ends.get(choice.index)
    assert texts == {choice.index: choice.message.content for choice in whole.choices}
    assert ends == {choice.index: choice.finish_reason for choice in whole.choices}
    assert counts is not None
    assert whole.usage is not None
    assert (counts.prompt_tokens, counts.completion_tokens) == (
        whole.usage.prompt_tokens,
        whole.usage.completion_tokens,
    )


def test_a_stream_says_its_counts_only_where_asked(client: OpenAI) -> None:
    stream = client.completions.create(model=TEACHER, prompt="The", max_tokens=4, stream=True)
    assert all(chunk.choices and chunk.usage is None for chunk in stream)


def test_a_stop_text_is_never_seen(client: OpenAI) -> None:
    whole = said(client, **LONG)
    stop = whole[6:11]
    cut = client.chat.completions.create(model=TEACHER, messages=MESSAGES, stop=[stop, "never"], **LONG)  # type: ignore[call-overload]
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == (whole[: whole.find(stop)], "stop")
    stream = client.chat.completions.create(model=TEACHER, messages=MESSAGES, stop=stop, stream=True, **LONG)  # type: ignore[call-overload]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == whole[: whole.find(stop)]


@pytest.mark.parametrize("strict", [True, False])
def test_a_schema_is_kept_to(client: OpenAI, strict: bool) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"enum": ["Tarn"]}, "year": {"type": "integer"}},
        "required": ["name", "year"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": strict}}
    found = [json.loads(said(client, response_format=wanted, max_tokens=60, seed=seed)) for seed in range(4)]
    assert all(each.keys() == {"name", "year"} and isinstance(each["year"], int) for each in found)


def test_a_json_object_is_one(client: OpenAI) -> None:
    text = said(client, response_format={"type": "json_object"}, max_tokens=200, seed=2, temperature=0.2)
    assert text.lstrip().startswith("{")


def test_log_probabilities_of_a_chat(client: OpenAI) -> None:
    asked: dict[str, Any] = {"model": TEACHER, "messages": MESSAGES, "logprobs": True, "top_logprobs": 3, **LONG}
    choice = client.chat.completions.create(**asked).choices[0]
    assert choice.logprobs is not None
    told = choice.logprobs.content or []
    assert "".join(each.token for each in told) == choice.message.content
    for each in told:
        assert [other.logprob for other in each.top_logprobs] == sorted(
            (other.logprob for other in each.top_logprobs), reverse=True
        )
        assert (each.top_logprobs[0].token, each.top_logprobs[0].logprob) == (each.token, each.logprob)
    streamed = [
        each
        for chunk in client.chat.completions.create(**asked, stream=True)
        for each in (chunk.choices[0].logprobs.content or [] if chunk.choices[0].logprobs else [])
    ]
    assert [each.token for each in streamed] == [each.token for each in told]


@pytest.mark.parametrize("model", [TEACHER, "folder"])
@pytest.mark.parametrize("max_tokens", [0, 1])
def test_a_prompt_is_scored_by_its_echo(client: OpenAI, model: str, max_tokens: int) -> None:
    prompt = "The lighthouse was built in 1843."
    done = client.completions.create(
        model=model, prompt=[prompt, "A harbour"], max_tokens=max_tokens, logprobs=2, echo=True, temperature=0
    )
    for choice, text in zip(done.choices, [prompt, "A harbour"], strict=True):
        assert choice.text.startswith(text)
        told = choice.logprobs
        assert told is not None
        tokens, values, tops = told.tokens or [], told.token_logprobs or [], told.top_logprobs or []
        first: float | None = values[0]
        assert (first, all(value < 0 for value in values[1:])) == (None, True)
        assert all(max(top.values()) >= value for top, value in zip(tops[1:], values[1:], strict=True))
        own = [token for token, place in zip(tokens, told.text_offset or [], strict=True) if place < len(text)]
        assert "".join(own) == text
    assert done.usage is not None
    assert done.usage.completion_tokens == 2 * max_tokens


def test_many_ask_at_once_and_each_gets_its_own(client: OpenAI) -> None:
    def ask(number: int) -> str:
        return said(client, seed=number, max_tokens=24)

    alone = [ask(number) for number in range(6)]
    with ThreadPoolExecutor(24) as threads:
        together = list(threads.map(ask, [number % 6 for number in range(48)]))
    assert together == alone * 8


def test_our_own_engine_sees_an_endpoint_that_can_everything(served: Running, teacher: Any) -> None:
    remote = EndpointEngine(EndpointSettings(served.url), TEACHER)
    local = LlamaEngine(teacher)
    assert remote.capabilities == {"schema", "score", "logprobs"}
    assert remote.context_size == local.context_size
    context, texts = "The lighthouse was built in", [" 1843", " the harbour.", " a"]
    assert remote.score(context, texts) == pytest.approx(local.score(context, texts), abs=1e-3)
    asked = Request("a", messages=tuple(MESSAGES), sampling=Sampling(max_tokens=20), samples=2, logprobs=1)
    with remote.session() as there, local.session() as here:
        there.submit(asked)
        here.submit(asked)
        answers = [sorted((done.index, done.text, done.tokens) for done in session) for session in (there, here)]
    assert answers[0] == answers[1]
    remote.close()
    local.close()


def test_the_models_are_listed(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [TEACHER, "random", "folder"]
    assert client.models.retrieve("folder").owned_by == "workbench"
    with pytest.raises(openai.NotFoundError, match=f"(?s)no model 'other'.*{TEACHER}, random, folder") as raised:
        client.models.retrieve("other")
    assert (raised.value.code, raised.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"temperature": 3}, "temperature", "less than or equal to 2"),
        ({"n": 0}, "n", "greater than or equal to 1"),
        ({"messages": []}, "messages", "at least 1"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content", "valid"),
        ({"presence_penalty": 1.5}, "presence_penalty", "without penalties"),
        ({"tools": [{"type": "function"}]}, "tools", "call no tools"),
        ({"extra_body": {"surprise": 1}}, "surprise", "no such field"),
        ({"max_tokens": 5000}, "messages", "needs 50"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}}, "response_format", "schema"),
        ({"model": "folder", "response_format": {"type": "json_object"}}, "response_format", "cannot do that"),
    ],
)
def test_bad_input_is_told_by_its_field(client: OpenAI, fields: dict[str, Any], param: str, words: str) -> None:
    asked: dict[str, Any] = {"model": TEACHER, "messages": MESSAGES} | fields
    with pytest.raises(openai.BadRequestError, match=words) as raised:
        client.chat.completions.create(**asked)
    assert raised.value.param == param
    assert raised.value.type == "invalid_request_error"
    with pytest.raises(openai.BadRequestError, match=words):
        client.chat.completions.create(**asked, stream=True)


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/v1/chat/completions", b"{", 400),
        ("POST", "/v1/chat/completions", b"[" * 100_000, 400),
        ("POST", "/v1/completions", b'{"model": "random", "prompt": "\\ud800"}', 400),
        ("POST", "/v1/completions", b'{"model": "random", "prompt": [[1, 2]]}', 400),
        ("POST", "/v1/nowhere", b"{}", 404),
        ("GET", "/v1/completions", b"", 405),
    ],
)
def test_every_error_has_the_same_form(served: Running, method: str, path: str, content: bytes, status: int) -> None:
    answer = httpx.request(method, served.url.removesuffix("/v1") + path, content=content)
    assert answer.status_code == status
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


def test_the_health_is_told(served: Running) -> None:
    answer = httpx.get(served.url.removesuffix("/v1") + "/health")
    assert answer.json() == {"status": "ok", "requests": {TEACHER: 0, "random": 0, "folder": 0}}


@pytest.mark.parametrize("model", [TEACHER, "folder"])
def test_choices_are_scored_through_it_as_by_the_engine_itself(
    served: Running, teacher: Path, tiny_model: Path, model: str
) -> None:
    question = Question("1", "leaf", "How tall is it?", "38 metres", ("389 metres", "38 metres"), 1)
    there = EndpointEngine(EndpointSettings(served.url), model)
    here = open_engine(str(teacher if model == TEACHER else tiny_model))
    request = Answers().request(there, question)
    assert request == Answers().request(here, question)
    assert there.score(request.prompt, request.continuations) == pytest.approx(
        here.score(request.prompt, request.continuations), abs=0.2 if model == TEACHER else 1e-3
    )
    for engine in (there, here):
        engine.close()


def test_a_template_is_refused_as_other_requests_are(served: Running) -> None:
    url = served.url.removesuffix("/v1") + "/apply-template"
    assert httpx.post(url, json={"model": "nobody", "messages": MESSAGES}).status_code == 404
    refused = httpx.post(url, json={"model": TEACHER, "messages": []})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "messages")


def test_a_template_needs_the_key_too(start: Start) -> None:
    with start("--api-key", "secret") as server:
        url, body = server.url.removesuffix("/v1") + "/apply-template", {"model": "random", "messages": MESSAGES}
        assert httpx.post(url, json=body).status_code == 401
        shown = httpx.post(url, json=body, headers={"Authorization": "Bearer secret"})
        assert MESSAGES[0]["content"] in shown.json()["prompt"]
