import pytest

from workbench.errors import ContextError, EngineError, WorkbenchError
from workbench.serving.refusals import Refusal, described, failed, refused


def test_a_refusal_carries_message_and_hint_as_the_api_writes_errors() -> None:
    refusal = Refusal("too warm", hint="take 1", param="temperature", code="invalid_value")
    expected = {"type": "invalid_request_error", "param": "temperature", "code": "invalid_value"}
    assert refusal.body == {"error": {"message": "too warm\nhint: take 1"} | expected}
    assert refusal.status == 400


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "authentication_error"),
        (408, "timeout_error"),
        (413, "invalid_request_error"),
        (429, "rate_limit_error"),
        (503, "server_error"),
    ],
)
def test_every_status_has_its_type(status: int, kind: str) -> None:
    assert described(status, "x")["error"]["type"] == kind


def test_what_an_engine_cannot_take_is_the_requests_fault() -> None:
    long = refused(ContextError("too long", hint="shorten it"), "messages")
    assert (long.status, long.param, long.code) == (400, "messages", "context_length_exceeded")
    assert refused(EngineError("no grammar"), "prompt").status == 400


def test_a_fault_at_work_is_the_servers_and_shows_nothing_of_it() -> None:
    refusal = Refusal("no", status=418)
    assert failed(refusal) is refusal
    assert failed(EngineError("out of memory")).body["error"]["message"] == "out of memory"
    hidden = failed(ValueError("the key is sk-1"))
    assert hidden.status == 500
    assert "sk-1" not in str(hidden.body)
    assert isinstance(refusal, WorkbenchError)
