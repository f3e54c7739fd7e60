"""Any endpoint that speaks OpenAI's chat and completion API, asked by a few threads at once."""

import math
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx

from workbench.engines.engine import Completion, Finish, Request, check_request, sample_seed
from workbench.engines.retries import Retries
from workbench.errors import ContextError, EndpointError, EngineError
from workbench.messages import Message
from workbench.records import digest_json

_DEFAULT_CONTEXT = 4096
_BYTES_A_TOKEN = 3  # where nobody counts: rather too many tokens than too few
_CONNECT_SECONDS = 10.0
_REFUSED = (400, 422)


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """`url` ends in /v1 with most servers; `concurrency` requests are under way at once; `certificates` is a file of
    authorities to trust instead of the system's; 0 for `context_size` asks the server."""

    url: str
    model: str = ""
    key: str = ""
    concurrency: int = 8
    attempts: int = 6
    timeout: float = 600.0
    context_size: int = 0
    verify: bool = True
    certificates: str = ""


class EndpointSession:
    """Requests in flight; answers come in the order in which the endpoint gives them."""

    def __init__(self, engine: "EndpointEngine", workers: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._workers = workers
        self._asked: dict[Future[list[Completion]], Request] = {}
        self._cancelled: list[Completion] = []

    def submit(self, request: Request) -> None:
        check_request(request, self._engine.capabilities)
        self._asked[self._workers.submit(self._engine.ask, request)] = request

    def __iter__(self) -> Iterator[Completion]:
        while self._asked or self._cancelled:
            while self._cancelled:
                yield self._cancelled.pop()
            for future in wait(self._asked, return_when=FIRST_COMPLETED).done if self._asked else ():
                # A cancel between two answers may have taken this one out.
                if self._asked.pop(future, None):
                    yield from future.result()

    def cancel(self, tag: str) -> None:
        """What the endpoint is already writing is left to end by itself, and not looked at."""
        for future, request in list(self._asked.items()):
            if request.tag == tag:
                future.cancel()
                del self._asked[future]
                self._cancelled += [
                    Completion(request, index, "", "cancelled", 0, 0) for index in range(request.samples)
                ]


class EndpointEngine:
    """`capabilities` is empty: whether an endpoint keeps to a grammar, or can score, is not known beforehand."""

    capabilities: frozenset[str] = frozenset()

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._url = settings.url.rstrip("/")
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {settings.key}"} if settings.key else {},
            timeout=httpx.Timeout(settings.timeout, connect=_CONNECT_SECONDS),
            verify=_trust(settings),
            limits=httpx.Limits(max_connections=settings.concurrency),
        )
        self._closing = threading.Event()
        self._retries = Retries(settings.attempts, self._closing)
        self._many = True

    @cached_property
    def name(self) -> str:
        """The model that was asked for, or else the first one that the endpoint lists."""
        return self._settings.model or str(self._listed.get("id", "default"))

    @property
    def digest(self) -> str:
        """Of address and model: an endpoint does not show what its weights are."""
        return digest_json({"endpoint": self._url, "model": self.name})

    @cached_property
    def context_size(self) -> int:
        """As given, as the server says (vLLM, llama-server), or 4096."""
        if self._settings.context_size:
            return self._settings.context_size
        said = self._listed.get("max_model_len") or (self._listed.get("meta") or {}).get("n_ctx_train")
        return int(said or _DEFAULT_CONTEXT)

    @contextmanager
    def session(self) -> Iterator[EndpointSession]:
        """Leaving the block drops what has not been sent and waits for what has."""
        workers = ThreadPoolExecutor(self._settings.concurrency, thread_name_prefix="endpoint")
        try:
            yield EndpointSession(self, workers)
        finally:
            workers.shutdown(cancel_futures=True)

    def ask(self, request: Request) -> list[Completion]:
        """All samples of a request: by `n` where the endpoint knows it, the missing ones one by one."""
        found: list[Completion] = []
        if self._many or request.samples == 1:
            found = self._answers(request, 0, request.samples)
        while len(found) < request.samples:
            found += self._answers(request, len(found), 1)
        return found[: request.samples]

    def score(self, context: str, continuations: Sequence[str]) -> list[float]:
        raise EngineError(
            f"the endpoint {self._url} cannot score texts", hint="use a local model where scores are needed"
        )

    def count_tokens(self, text: str) -> int:
        """By the server's own tokenizer where it offers one; an estimate from above otherwise."""
        if text and self._counter:
            return self._count(*self._counter, text) or _estimate(text)
        return _estimate(text)

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        raise EngineError(f"the endpoint {self._url} keeps its chat template to itself", hint="send it messages")

    def close(self) -> None:
        self._closing.set()
        self._client.close()

    def _answers(self, request: Request, first: int, count: int) -> list[Completion]:
        try:
            answer = self._post(self._route(request), self._body(request, first, count), request.tag)
        except _RefusedError as error:
            if count > 1:
                self._many = False
                return []
            raise error.meant from error
        choices, usage = answer.get("choices") or [], answer.get("usage") or {}
        if not choices:
            raise EndpointError(f"request {request.tag!r}: the endpoint {self._url} answered without choices")
        if len(choices) > 1:
            # The endpoint counts all choices together.
            usage = usage | {"completion_tokens": None}
        return [self._completion(request, first + number, choice, usage) for number, choice in enumerate(choices)]

    def _route(self, request: Request) -> str:
        return f"{self._url}/chat/completions" if request.messages else f"{self._url}/completions"

    def _body(self, request: Request, first: int, count: int) -> dict[str, Any]:
        sampling = request.sampling
        content = {"messages": list(request.messages)} if request.messages else {"prompt": request.prompt}
        wanted = {"n": count} if count > 1 else {}
        # Not every endpoint knows these two, so they are sent only where they change something.
        rare = {"top_k": sampling.top_k, "min_p": sampling.min_p}
        return {
            "model": self.name,
            **content,
            **wanted,
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sample_seed(request.seed, first),
            **({"stop": list(sampling.stop)} if sampling.stop else {}),
            **{name: value for name, value in rare.items() if value},
        }

    def _completion(self, request: Request, index: int, choice: dict[str, Any], usage: dict[str, Any]) -> Completion:
        said = (choice.get("message") or {}).get("content") if request.messages else choice.get("text")
        text = str(said or "")
        finish: Finish = "length" if choice.get("finish_reason") == "length" else "stop"
        tokens = usage.get("completion_tokens")
        drawn = _estimate(text) if tokens is None else int(tokens)
        return Completion(request, index, text, finish, int(usage.get("prompt_tokens") or 0), drawn)

    def _post(self, url: str, body: dict[str, Any], tag: str) -> dict[str, Any]:
        response = self._retries.send(lambda: self._client.post(url, json=body), f"request {tag!r} to {self._url}")
        if response.is_success:
            return dict(_json(response, self._url))
        said = self._said(response)
        if response.status_code in _REFUSED:
            long = "context" in said and ("length" in said or "token" in said or "window" in said)
            meant = ContextError if long else EngineError
            raise _RefusedError(meant(f"request {tag!r} was refused by {self._url}: {said}"))
        hint = "check the key" if response.status_code in (401, 403) else "check the endpoint's address and model"
        raise EngineError(f"request {tag!r} to {self._url} failed ({response.status_code}): {said}", hint=hint)

    def _said(self, response: httpx.Response) -> str:
        """The server's words, without the key should it repeat it."""
        text = " ".join(response.text.split())[:400] or response.reason_phrase
        return text.replace(self._settings.key, "***") if self._settings.key else text

    @cached_property
    def _listed(self) -> dict[str, Any]:
        response = self._retries.send(
            lambda: self._client.get(f"{self._url}/models"), f"the list of models of {self._url}"
        )
        models = _json(response, self._url).get("data") or [] if response.is_success else []
        return next((model for model in models if model.get("id") == self._settings.model), models[0] if models else {})

    @cached_property
    def _counter(self) -> tuple[str, dict[str, str], str] | None:
        """The route, fixed fields and text field of the server's tokenizer: vLLM, llama-server, llama_cpp.server."""
        root = self._url.removesuffix("/v1")
        offers: tuple[tuple[str, dict[str, str], str], ...] = (
            (f"{root}/tokenize", {"model": self.name}, "prompt"),
            (f"{root}/tokenize", {}, "content"),
            (f"{root}/extras/tokenize/count", {}, "input"),
        )
        return next((offer for offer in offers if self._count(*offer, "a text to count")), None)

    def _count(self, url: str, fixed: dict[str, str], field: str, text: str) -> int:
        try:
            response = self._client.post(url, json=fixed | {field: text})
            answer = response.json() if response.is_success else {}
        except (httpx.HTTPError, ValueError):
            return 0
        return int(answer.get("count") or len(answer.get("tokens") or [])) if isinstance(answer, dict) else 0


def _estimate(text: str) -> int:
    return math.ceil(len(text.encode()) / _BYTES_A_TOKEN)


class _RefusedError(Exception):
    """The endpoint understood the request and will not do it; `meant` is the error to raise unless there is a way."""

    def __init__(self, meant: EngineError) -> None:
        super().__init__(meant.message)
        self.meant = meant


def _json(response: httpx.Response, url: str) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError as error:
        raise EndpointError(
            f"{url} answered with something that is not JSON", hint="does its address end in /v1?"
        ) from error
    if not isinstance(answer, dict):
        raise EndpointError(f"{url} answered with a list where an object was due", hint="does its address end in /v1?")
    return answer


def _trust(settings: EndpointSettings) -> Any:
    if not settings.verify or not settings.certificates:
        return settings.verify
    import ssl

    return ssl.create_default_context(cafile=settings.certificates)
