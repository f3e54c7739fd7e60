from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines.endpoints import Endpoint, Reply, chat
from workbench.engines.connection import Connection
from workbench.engines.credentials import EndpointSettings
from workbench.engines.offers import Offers
from workbench.errors import EngineError
from workbench.messages import user


@pytest.fixture
def line(endpoint: Endpoint) -> Iterator[Connection]:
    line = Connection(EndpointSettings(endpoint.url, attempts=1))
    yield line
    line.close()


def offering(endpoint: Endpoint, routes: dict[str, Any]) -> None:
    def reply(path: str, body: dict[str, Any]) -> Reply:
        return (200, {}, routes[path]) if path in routes else (404, {}, {})

    endpoint.reply = reply


def test_a_model_is_the_one_asked_for_or_the_first(line: Connection) -> None:
    assert Offers(line, "small").name == "small"
    assert Offers(line, "").name == "first"
    assert Offers(line, "unlisted").name == "unlisted"


def test_another_model_s_context_is_not_taken(line: Connection) -> None:
    assert Offers(line, "small").context_size == 2048
    assert Offers(line, "unlisted").context_size == 4096


@pytest.mark.parametrize(
    ("routes", "size"),
    [
        ({"/v1/models": {"data": [{"id": "a", "max_model_len": 512}]}}, 512),
        ({"/v1/models": {"data": [{"id": "a", "context_length": 640}]}}, 640),
        ({"/v1/models": {"data": [{"id": "a", "meta": {"n_ctx_train": 900}}]}}, 900),
        ({"/v1/models": {"data": [{"id": "a", "meta": {"n_ctx": 700, "n_ctx_train": 900}}]}}, 700),
        (
            {
                "/v1/models": {"data": [{"id": "a", "meta": {"n_ctx_train": 900}}]},
                "/props": {"default_generation_settings": {"n_ctx": 300}},
            },
            300,
        ),
        ({"/v1/models": {"data": [{"id": "a"}]}}, 4096),
        ({"/v1/models": {"data": None}}, 4096),
        ({}, 4096),
    ],
)
def test_a_context_is_as_the_server_says(line: Connection, endpoint: Endpoint, routes: Any, size: int) -> None:
    offering(endpoint, routes)
    assert Offers(line, "a").context_size == size
    assert Offers(line, "unlisted").context_size == size


@pytest.mark.parametrize(
    ("route", "key", "beginning"),
    [
        ("/tokenize", "prompt", "add_special_tokens"),
        ("/tokenize", "content", "add_special"),
        ("/extras/tokenize", "input", ""),
    ],
)
def test_the_servers_own_tokenizer_counts(
    line: Connection, endpoint: Endpoint, route: str, key: str, beginning: str
) -> None:
    def reply(path: str, body: dict[str, Any]) -> Reply:
        if path != route or key not in body:
            return chat(path, body)
        return 200, {}, {"tokens": [1] * bool(body.get(beginning)) + [7] * len(body[key].split())}

    endpoint.reply = reply
    offers = Offers(line, "small")
    assert offers.count("some text of six words here") == 6
    assert offers.tokens("two words", beginning=True) == [1] * bool(beginning) + [7, 7]
    assert offers.count("") == 0


def test_without_a_tokenizer_the_estimate_is_not_too_low(line: Connection) -> None:
    offers = Offers(line, "small")
    assert offers.tokens("a text") == []
    assert offers.count("A harbour is a place where ships may anchor.") >= 9


def test_a_template_is_the_servers(line: Connection, endpoint: Endpoint) -> None:
    offering(endpoint, {"/apply-template": {"prompt": "<|user|>x"}})
    assert Offers(line, "a").render([user("x")], add_generation_prompt=False) == "<|user|>x"
    assert endpoint.of("/apply-template")[0]["add_generation_prompt"] is False
    offering(endpoint, {"/tokenize": {"tokens": [1, 2]}, "/detokenize": {"prompt": "<s>x"}})
    assert Offers(line, "a").render([user("x")], add_generation_prompt=True) == "<s>x"
    assert endpoint.of("/detokenize")[0]["tokens"] == [1, 2]
    offering(endpoint, {})
    with pytest.raises(EngineError, match="chat template"):
        Offers(line, "a").render([user("x")], add_generation_prompt=True)
