"""Errors as OpenAI's API writes them, with the workbench's own words."""

from collections.abc import Mapping
from typing import Any

from workbench.errors import ContextError, EngineError, UsageError, WorkbenchError, explain

_TYPES = {401: "authentication_error", 408: "timeout_error", 429: "rate_limit_error"}


class Refusal(UsageError):
    """A request that is not answered: `status` is HTTP's, `param` the field that is to blame, `code` what a program may
    tell it by, `headers` go with the answer."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        hint: str = "",
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.param = param
        self.code = code
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        return described(self.status, explain(self), self.param, self.code)


def refused(error: WorkbenchError, param: str) -> Refusal:
    """What an engine said of a request that it cannot take; `param` is where its text stands."""
    if isinstance(error, ContextError):
        return Refusal(error.message, hint=error.hint, param=param, code="context_length_exceeded")
    return Refusal(error.message, hint=error.hint)


def failed(error: BaseException) -> Refusal:
    """What a fault of the server's own, or of a model at work, looks like from outside."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, EngineError):
        return Refusal(error.message, status=500, hint=error.hint, code="engine_error")
    hint = "the server's own output says more"
    return Refusal(f"the server failed: {type(error).__name__}", status=500, hint=hint, code="internal_error")


def described(status: int, message: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    """The body of an error."""
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
