import logging
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.engines.endpoints import Endpoint, Reply, chat, serving
from workbench.engines.connection import Connection, RefusedError
from workbench.engines.credentials import EndpointSettings
from workbench.errors import ContextError, EndpointError, EngineError

KEY = "sk-very-secret"


@pytest.fixture
def line(endpoint: Endpoint) -> Iterator[Connection]:
    line = Connection(EndpointSettings(endpoint.url, KEY, concurrency=3, attempts=3, timeout=0.5))
    yield line
    line.close()


def ask(line: Connection, *, trial: bool = False) -> dict[str, Any]:
    return line.run(line.post(f"{line.url}/completions", {"prompt": "x"}, "request 'a'", trial=trial))


def at_first(endpoint: Endpoint, *replies: Reply) -> None:
    """These replies, and then what the endpoint answered before."""
    left = list(replies)
    endpoint.reply = lambda path, body: left.pop(0) if left else chat(path, body)


AGAIN = {"Retry-After": "0.01"}


@pytest.mark.parametrize(
    "reply",
    [
        (429, AGAIN, {}),
        (500, AGAIN, {}),
        (503, AGAIN, b"<html>loading</html>"),
        (200, {}, b'{"choices": [{"te'),
        (0, {}, None),
    ],
)
def test_what_passes_is_asked_again(line: Connection, endpoint: Endpoint, reply: Reply) -> None:
    at_first(endpoint, reply)
    assert ask(line)["choices"]
    assert len(endpoint.asked) == 2
    assert endpoint.asked[0][2]["Authorization"] == f"Bearer {KEY}"


def test_an_answer_that_takes_too_long_is_asked_for_again(line: Connection, endpoint: Endpoint) -> None:
    wait = threading.Event()

    def slow(path: str, body: dict[str, Any]) -> Reply:
        if len(endpoint.asked) == 1:
            wait.wait(20)
        return chat(path, body)

    endpoint.reply = slow
    assert ask(line)["choices"]
    wait.set()


@pytest.mark.parametrize(
    ("status", "said", "error", "words"),
    [
        (401, f"no such key {KEY}", EngineError, r"not allowed \(401\): .*no such key \*\*\*"),
        (403, "not yours", EngineError, r"not allowed \(403\)"),
        (418, "teapot", EngineError, r"failed \(418\)"),
        (500, "boom", EndpointError, "3 times; last: status 500: .*boom"),
        (500, f"boom {KEY}", EndpointError, r"boom \*\*\*"),
    ],
)
def test_a_failure_names_the_request_and_hides_the_key(
    line: Connection, endpoint: Endpoint, status: int, said: str, error: type[EngineError], words: str
) -> None:
    endpoint.reply = lambda path, body: (status, AGAIN, said)
    with pytest.raises(error, match=f"request 'a'.*{words}") as caught:
        ask(line)
    assert type(caught.value) is error
    assert caught.value.hint
    assert KEY not in f"{caught.value} {caught.value.hint} {caught.value.__context__!r}"


@pytest.mark.parametrize(
    ("status", "said", "meant"),
    [
        (400, "This model's maximum context length is 512 tokens", ContextError),
        (400, "Requested tokens (700) exceed context window of 512", ContextError),
        (400, "bad temperature", EngineError),
        (404, "no such model", EngineError),
        (422, "extra fields not permitted", EngineError),
    ],
)
def test_a_refusal_says_what_is_meant(
    line: Connection, endpoint: Endpoint, status: int, said: str, meant: type[EngineError]
) -> None:
    endpoint.reply = lambda path, body: (status, {}, {"error": {"message": said}})
    with pytest.raises(RefusedError) as caught:
        ask(line)
    assert type(caught.value.meant) is meant
    assert len(endpoint.asked) == 1


def test_a_trial_takes_500_for_a_refusal(line: Connection, endpoint: Endpoint) -> None:
    endpoint.reply = lambda path, body: (500, {}, "unknown field")
    with pytest.raises(RefusedError):
        ask(line, trial=True)
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("answer", [b"<html>welcome</html>", b"[]"])
def test_something_that_is_no_endpoint_is_said_so(line: Connection, endpoint: Endpoint, answer: bytes) -> None:
    endpoint.reply = lambda path, body: (200, {"Content-Type": "text/html"}, answer)
    with pytest.raises(EndpointError) as caught:
        ask(line)
    assert "/v1" in caught.value.hint


def test_nobody_there_is_a_retryable_error_with_a_hint(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.engines.retries._FIRST_WAIT", 0.01)
    line = Connection(EndpointSettings("http://127.0.0.1:9/v1", attempts=1))
    with pytest.raises(EndpointError, match="failed 1 times") as caught:
        ask(line)
    assert caught.value.retryable
    assert "goes on from what was finished" in caught.value.hint
    line.close()


def test_a_route_that_is_not_there_offers_nothing(line: Connection, endpoint: Endpoint) -> None:
    assert line.run(line.offered(f"{line.root}/props")) == {}
    endpoint.reply = lambda path, body: (500, {}, "boom")
    assert line.run(line.offered(f"{line.root}/props", {"a": 1})) == {}
    endpoint.reply = lambda path, body: (200, {}, b"<html>")
    endpoint.asked.clear()
    assert line.run(line.offered(f"{line.root}/props")) == {}


def test_what_is_dropped_closes_its_connection(line: Connection, endpoint: Endpoint) -> None:
    begun, wait = threading.Event(), threading.Event()

    def slow(path: str, body: dict[str, Any]) -> Reply:
        begun.set()
        wait.wait(20)
        return chat(path, body)

    endpoint.reply = slow
    future = line.start(line.post(f"{line.url}/completions", {}, "a"))
    assert begun.wait(20)
    future.cancel()
    endpoint.reply = chat
    assert ask(line)["choices"]
    wait.set()


def test_the_key_is_in_no_log(line: Connection, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        ask(line)
    assert caplog.text
    assert KEY not in caplog.text + repr(line) + repr(vars(line))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    authority = trustme.CA()
    file = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return authority, file


def over_tls(authority: trustme.CA, *, asks: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    if asks:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_only_a_trusted_certificate_is_spoken_to(authority: tuple[trustme.CA, Path]) -> None:
    with serving(context=over_tls(authority[0])) as endpoint:
        for given, trusted in (({}, False), ({"ca_file": str(authority[1])}, True), ({"insecure": True}, True)):
            line = Connection(EndpointSettings(endpoint.url, KEY, attempts=2, **given))
            if trusted:
                assert ask(line)["choices"]
            else:
                with pytest.raises(EngineError, match="no trusted connection") as caught:
                    ask(line)
                assert "tls_ca_file" in caught.value.hint
            line.close()


def test_a_client_shows_who_it_is(authority: tuple[trustme.CA, Path], tmp_path: Path) -> None:
    own = authority[0].issue_cert("somebody@example.org")
    both, key, cert = (tmp_path / name for name in ("both.pem", "key.pem", "cert.pem"))
    own.private_key_and_cert_chain_pem.write_to_path(str(both))
    own.private_key_pem.write_to_path(str(key))
    own.cert_chain_pems[0].write_to_path(str(cert))
    with serving(context=over_tls(authority[0], asks=True)) as endpoint:
        for file, own_key in ((both, ""), (cert, str(key))):
            shown = {"client_cert": str(file), "client_key": own_key}
            line = Connection(EndpointSettings(endpoint.url, ca_file=str(authority[1]), **shown))  # type: ignore[arg-type]
            assert ask(line)["choices"]
            line.close()
        stranger = Connection(EndpointSettings(endpoint.url, ca_file=str(authority[1]), attempts=1))
        with pytest.raises(EngineError):
            ask(stranger)
        stranger.close()


def test_no_more_than_wanted_are_under_way(line: Connection, endpoint: Endpoint) -> None:
    def slow(path: str, body: dict[str, Any]) -> Reply:
        time.sleep(0.02)
        return chat(path, body)

    endpoint.reply = slow
    futures = [line.start(line.post(f"{line.url}/completions", {"prompt": "x"}, "a")) for _ in range(20)]
    assert all(future.result()["choices"] for future in futures)
    assert endpoint.most_at_once == 3
