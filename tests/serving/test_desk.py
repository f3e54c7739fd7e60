"""What a client meets that asks for too much, goes away or has no key; against servers in processes of their own."""

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
import pytest
from openai import OpenAI

from tests.serving.conftest import Running, Start, until

# Many samples of a model that does not stop: some seconds of work.
SLOW: dict[str, Any] = {"model": "random", "prompt": "The", "n": 128, "max_tokens": 480, "temperature": 0}
QUICK: dict[str, Any] = {"model": "random", "prompt": "The", "max_tokens": 2}


def under_way(server: Running) -> int:
    answer = httpx.get(server.url.removesuffix("/v1") + "/health", timeout=60).json()
    return sum(answer["requests"].values())


def sent(server: Running, body: dict[str, Any]) -> HTTPConnection:
    """A request whose answer nobody waits for yet."""
    url = urlsplit(server.url)
    connection = HTTPConnection(str(url.hostname), url.port)
    connection.request("POST", "/v1/completions", json.dumps(body))
    return connection


@pytest.mark.parametrize("stream", [True, False])
def test_who_goes_away_is_worked_for_no_longer(served: Running, stream: bool) -> None:
    """One whose answer has begun, and one that has not come to its turn."""
    connections = [sent(served, SLOW | {"stream": stream}) for _ in range(2)]
    until(lambda: under_way(served) == 2)
    if stream:
        assert connections[0].getresponse().readline().startswith(b"data: ")
    for connection in connections:
        connection.close()
    until(lambda: under_way(served) == 0)
    with served.client() as client:
        assert client.completions.create(**QUICK).choices


def test_a_client_that_cancels_a_stream_gets_the_next_answer(served: Running) -> None:
    with served.client() as client:
        stream = client.completions.create(**SLOW, stream=True)
        assert next(iter(stream)).choices
        stream.close()
        assert client.completions.create(**QUICK).choices


def test_a_full_queue_says_when_to_come_back(start: Start) -> None:
    """The model draws 16 answers at once, and nobody may wait."""
    with start("--max-queue", "0") as server:
        connections = [sent(server, SLOW) for _ in range(16)]
        until(lambda: under_way(server) == 16)
        answer = httpx.post(f"{server.url}/completions", json=QUICK, timeout=60)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        assert answer.json()["error"]["code"] == "queue_full"
        for connection in connections:
            connection.close()
        with server.client(max_retries=20) as client:
            assert client.completions.create(**QUICK).choices


def test_time_is_limited_in_answers_and_in_streams(start: Start) -> None:
    with start("--max-seconds", "0.5") as server, server.client() as client:
        with pytest.raises(openai.APIStatusError, match=r"longer than 0\.5 seconds") as raised:
            client.completions.create(**SLOW)
        assert raised.value.status_code == 408
        with pytest.raises(openai.APIError, match=r"longer than 0\.5 seconds"):
            for _ in client.completions.create(**SLOW, stream=True):
                pass
        until(lambda: under_way(server) == 0)
        assert client.completions.create(**QUICK).choices


def test_a_large_body_is_refused(start: Start) -> None:
    with start("--max-body-kb", "4") as server, server.client() as client:
        with pytest.raises(openai.APIStatusError, match="larger than 4 kB") as raised:
            client.completions.create(model="random", prompt="a" * 50_000)
        assert raised.value.status_code == 413
        assert client.completions.create(**QUICK).choices


@pytest.mark.parametrize("way", ["environment", "file"])
def test_a_key_is_asked_for_and_never_written_down(start: Start, tmp_path: Any, way: str) -> None:
    key = "sk-of-nobody-else"
    file = tmp_path / "keys"
    file.write_text(f"another\n{key}\n")
    started = start(WORKBENCH_API_KEY=key) if way == "environment" else start("--api-key-file", str(file))
    with started as server:
        with OpenAI(base_url=server.url, api_key=key, max_retries=0) as client:
            assert client.completions.create(**QUICK).choices
            assert list(client.models.list())
        for headers in ({}, {"Authorization": f"Bearer {key}x"}):
            for path, content in (("models", None), ("completions", b"x" * 100)):
                method = "POST" if content else "GET"
                answer = httpx.request(method, f"{server.url}/{path}", headers=headers, content=content)
                assert answer.status_code == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                assert answer.json()["error"]["code"] == "invalid_api_key"
        assert httpx.get(server.url.removesuffix("/v1") + "/health").status_code == 200
        assert "clients must show a key" in server.said()
        assert key not in server.said()
