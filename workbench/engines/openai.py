"""Any endpoint that speaks OpenAI's chat and completion API: vLLM, llama-server, Ollama, a service."""

import asyncio
import queue
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from workbench.engines.connection import Connection, RefusedError
from workbench.engines.constraints import KINDS, Constraints
from workbench.engines.credentials import EndpointSettings
from workbench.engines.echoes import Echo
from workbench.engines.engine import Completion, Finish, OnText, Request, Sampling, check_request, sample_seed
from workbench.engines.logged import logged, wish
from workbench.engines.offers import Offers, estimate
from workbench.engines.streams import Assembly
from workbench.errors import ContextError, EndpointError, EngineError
from workbench.messages import Message, user
from workbench.records import digest_json

T = TypeVar("T")
Work = Callable[[], Coroutine[Any, Any, T]]
_TRIAL_TOKENS = 24
_MOMENT = 0.05
_TRIAL = "The sun rises in the"


@dataclass(eq=False, slots=True)
class _Job:
    """A request under way; `left` are the samples that have not been handed out, `told` their texts so far."""

    request: Request
    left: set[int]
    future: Future[None] | None = None
    told: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Piece:
    job: _Job
    index: int
    text: str


@dataclass(frozen=True, slots=True)
class _Over:
    job: _Job


_Arrived = tuple[_Job, Completion] | _Piece | _Over


class EndpointSession:
    """Requests in flight; answers come in the order in which the endpoint gives them.

    Once a request has failed for good no more are sent; what is under way is still handed out, and then the error is
    raised, so that no answer is lost.
    """

    def __init__(self, engine: "EndpointEngine", concurrency: int) -> None:
        self._engine = engine
        self._places = asyncio.Semaphore(concurrency)
        self._jobs: dict[_Job, None] = {}
        self._arrived: queue.SimpleQueue[_Arrived] = queue.SimpleQueue()
        self._cancelled: list[Completion] = []
        self._error: BaseException | None = None

    def submit(self, request: Request) -> None:
        check_request(request, self._engine.followed(request))
        job = _Job(request, set(range(request.samples)))
        job.future = self._engine.start(lambda: self._work(job))
        self._jobs[job] = None
        job.future.add_done_callback(lambda _: self._arrived.put(_Over(job)))

    def __iter__(self) -> Iterator[Completion]:
        while self._jobs or self._cancelled:
            while self._cancelled:
                yield self._cancelled.pop()
            if self._jobs:
                yield from self._take(self._arrived.get())
        if self._error:
            raise self._error

    @property
    def places(self) -> int:
        return self._engine.concurrency

    def turn(self) -> list[Completion]:
        """What arrived, waited for a moment at most."""
        done, self._cancelled = self._cancelled, []
        with suppress(queue.Empty):
            done += self._take(self._arrived.get(timeout=0 if done else _MOMENT))
        if self._error and not self._jobs and not done:
            raise self._error
        return done

    def cancel(self, tag: str) -> None:
        """Closes the connection of what the endpoint is writing, so that it may stop."""
        for job in [job for job in self._jobs if job.request.tag == tag]:
            self._drop(job)
            self._cancelled += [
                Completion(job.request, index, job.told.get(index, ""), "cancelled", 0, 0) for index in sorted(job.left)
            ]

    def close(self) -> None:
        """What is under way is dropped."""
        for job in list(self._jobs):
            self._drop(job)

    def _drop(self, job: _Job) -> None:
        del self._jobs[job]
        if job.future:
            job.future.cancel()

    def _take(self, arrived: _Arrived) -> Iterator[Completion]:
        if isinstance(arrived, _Over):
            self._end(arrived.job)
        elif isinstance(arrived, _Piece):
            self._tell(arrived)
        elif arrived[0] in self._jobs:
            job, completion = arrived
            job.left.discard(completion.index)
            yield completion

    def _tell(self, piece: _Piece) -> None:
        job = piece.job
        if job in self._jobs and job.request.on_text:
            job.told[piece.index] = job.told.get(piece.index, "") + piece.text
            job.request.on_text(piece.index, piece.text)

    def _end(self, job: _Job) -> None:
        if job in self._jobs and job.future:
            del self._jobs[job]
            self._error = self._error or job.future.exception()

    async def _work(self, job: _Job) -> None:
        """All samples of a request: by `n` where the endpoint takes it, the missing ones side by side."""
        found = await self._ask(job, 0, job.request.samples) if self._engine.takes_many(job.request) else 0
        await asyncio.gather(*(self._ask(job, index, 1) for index in range(found, job.request.samples)))

    async def _ask(self, job: _Job, first: int, count: int) -> int:
        """Hands out samples from `first` on; returns their number, which may be less than `count`."""
        async with self._places:
            if self._error:
                return 0
            try:
                found = await self._engine.answers(job.request, first, count, self._teller(job, first, count))
            except EngineError as error:
                if isinstance(error, ContextError):
                    error.tag = job.request.tag
                self._error = self._error or error
                return 0
        for completion in found:
            self._arrived.put((job, completion))
        return len(found)

    def _teller(self, job: _Job, first: int, count: int) -> OnText | None:
        """Passes pieces on to the thread that iterates; None where nobody wants them."""

        def tell(number: int, text: str) -> None:
            if number < count:
                self._arrived.put(_Piece(job, first + number, text))

        return tell if job.request.on_text else None


class EndpointEngine:
    """`model` is empty for the first one that the endpoint lists; 0 for `context_size` asks the endpoint."""

    def __init__(self, settings: EndpointSettings, model: str = "", context_size: int = 0) -> None:
        self.connection = Connection(settings)
        self.concurrency = settings.concurrency
        self._context_size = context_size
        self._offers = Offers(self.connection, model)
        self._constraints = Constraints(self._try)
        self._echo = Echo(self._complete, lambda text, beginning: self._offers.tokens(text, beginning=beginning))
        self._many = True
        self._neutral = True
        self._counted = True
        self._logs: dict[bool, bool] = {}

    @property
    def name(self) -> str:
        return self._offers.name

    @property
    def digest(self) -> str:
        """Of address and model: an endpoint does not show what its weights are."""
        return digest_json({"endpoint": self.connection.url, "model": self.name})

    @property
    def context_size(self) -> int:
        """As given, as the server says, or 4096."""
        return self._context_size or self._offers.context_size

    @cached_property
    def capabilities(self) -> frozenset[str]:
        """What the endpoint was seen to do, by a few short requests at the first question."""
        found = self._run(lambda: self._followed(KINDS, chat=True)) | self._logging(chat=True)
        return found | {"score"} if self._echo.works() else found

    @contextmanager
    def session(self) -> Iterator[EndpointSession]:
        """Leaving the block drops what is under way."""
        session = EndpointSession(self, self.concurrency)
        try:
            yield session
        finally:
            session.close()

    def score(self, context: str, continuations: Sequence[str]) -> list[float]:
        if "score" not in self.capabilities:
            raise EngineError(
                f"the endpoint {self.connection.url} cannot score texts",
                hint="use a local model where scores are needed",
            )
        try:
            return self._echo.score(context, continuations)
        except RefusedError as error:
            raise error.meant from error
        except ValueError as error:
            raise EngineError(f"a text could not be scored by {self.connection.url}: {error}") from error

    def count_tokens(self, text: str) -> int:
        """By the server's own tokenizer where it offers one; an estimate from above otherwise."""
        return self._offers.count(text)

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        return self._offers.render(messages, add_generation_prompt=add_generation_prompt)

    def close(self) -> None:
        self.connection.close()

    def followed(self, request: Request) -> frozenset[str]:
        """Which of the request's own continuations, grammar, schema and wish for log-probabilities it keeps to."""
        if request.continuations:
            return self.capabilities & {"score"}
        wanted, chat = tuple(kind for kind in KINDS if getattr(request, kind)), bool(request.messages)
        found = self._run(lambda: self._followed(wanted, chat=chat)) if wanted else frozenset[str]()
        return found | (self._logging(chat=chat) if request.logprobs is not None else frozenset())

    def start(self, work: Work[T]) -> Future[T]:
        """Work on the connection's thread, from which the model's name, which requests carry, cannot be asked for."""
        _ = self.name
        return self.connection.start(work())

    def takes_many(self, request: Request) -> bool:
        """Whether several samples may be asked for at once; there are servers that refuse that of a fixed choice."""
        return self._many and request.samples > 1 and request.sampling.temperature > 0

    async def answers(self, request: Request, first: int, count: int, tell: OnText | None = None) -> list[Completion]:
        """Samples from `first` on: at least one, or none where only several at once are refused; scores are one. `tell`
        gets pieces of their texts, numbered from 0."""
        if request.continuations:
            return [await asyncio.to_thread(self._scored, request)]
        body = await self._body(request, first, count)
        try:
            # Some refuse several at once with the status of a fault of their own, which is no reason to ask again.
            if tell:
                answer = await self._stream(request, body, tell)
            else:
                answer = await self._post(request, body, trial=count > 1)
        except RefusedError as error:
            if count == 1 or isinstance(error.meant, ContextError):
                raise error.meant from error
            self._many = False
            return []
        choices, usage = answer.get("choices") or [], answer.get("usage") or {}
        if not choices:
            raise EndpointError(f"request {request.tag!r}: the endpoint {self.connection.url} answered without choices")
        self._many &= len(choices) >= count
        if len(choices) > 1:
            # The endpoint counts all choices together.
            usage = usage | {"completion_tokens": None}
        found = (_completion(request, first + number, choice, usage) for number, choice in enumerate(choices[:count]))
        return list(found)

    def _scored(self, request: Request) -> Completion:
        context = self.render(request.messages) if request.messages else request.prompt
        return Completion(request, 0, "", "stop", 0, 0, tuple(self.score(context, request.continuations)))

    async def _body(self, request: Request, first: int, count: int) -> dict[str, Any]:
        sampling = request.sampling
        fields = {"top_k": sampling.top_k, "min_p": sampling.min_p, "repeat_penalty": 1.0}
        body: dict[str, Any] = {
            "model": self.name,
            **({"messages": list(request.messages)} if request.messages else {"prompt": request.prompt}),
            **({"n": count} if count > 1 else {}),
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sample_seed(request.seed, first),
            **({"stop": list(sampling.stop)} if sampling.stop else {}),
            **{name: value for name, value in fields.items() if self._neutral or name not in _neutral(sampling)},
        }
        if request.logprobs is not None:
            body |= wish(request.logprobs, chat=bool(request.messages))
        for kind in KINDS:
            if text := getattr(request, kind):
                way = await self._constraints.way(kind, chat=bool(request.messages))
                body |= way(text) if way else {}
        return body

    async def _post(self, request: Request, body: dict[str, Any], *, trial: bool) -> dict[str, Any]:
        what, url = f"request {request.tag!r} to {self.connection.url}", self._route(chat=bool(request.messages))
        try:
            return await self.connection.post(url, body, what, trial=trial)
        except RefusedError as error:
            neutral = _neutral(request.sampling) & body.keys()
            if not any(name in error.meant.message for name in neutral):
                raise
        self._neutral = False
        return await self.connection.post(url, {name: body[name] for name in body.keys() - neutral}, what, trial=trial)

    async def _stream(self, request: Request, body: dict[str, Any], tell: OnText) -> dict[str, Any]:
        what, url = f"request {request.tag!r} to {self.connection.url}", self._route(chat=bool(request.messages))
        assembly = Assembly(tell)
        asked = body | {"stream": True} | ({"stream_options": {"include_usage": True}} if self._counted else {})
        try:
            await self.connection.stream(url, asked, what, assembly.add)
        except RefusedError as error:
            unknown = [name for name in ("stream_options", *_neutral(request.sampling)) if name in error.meant.message]
            if not unknown or not asked.keys() & set(unknown):
                raise
            self._counted &= "stream_options" not in unknown
            self._neutral &= unknown == ["stream_options"]
            left = body if self._neutral else {name: body[name] for name in body.keys() - _neutral(request.sampling)}
            return await self._stream(request, left, tell)
        if not assembly.complete:
            raise EndpointError(f"{what} broke off in the middle of its answer", hint="start it again")
        return assembly.answer()

    def _logging(self, *, chat: bool) -> frozenset[str]:
        """Whether the endpoint tells log-probabilities, and of the right places: its likeliest is what it writes."""
        if chat not in self._logs:
            self._logs[chat] = self._run(lambda: self._logs_one(chat))
        return frozenset({"logprobs"}) if self._logs[chat] else frozenset()

    async def _logs_one(self, chat: bool) -> bool:
        asked: dict[str, Any] = {"messages": [user(_TRIAL)]} if chat else {"prompt": _TRIAL}
        body = {"model": self.name, "max_tokens": 1, "temperature": 0, **asked, **wish(1, chat=chat)}
        try:
            answer = await self.connection.post(
                self._route(chat=chat), body, f"a trial of {self.connection.url}", trial=True
            )
        except RefusedError:
            return False
        told = logged((answer.get("choices") or [{}])[0], 1)
        return bool(told and told[0].top) and told[0].top[0] == (told[0].piece, told[0].value)

    async def _followed(self, kinds: Sequence[Any], *, chat: bool) -> frozenset[str]:
        ways = await asyncio.gather(*(self._constraints.way(kind, chat=chat) for kind in kinds))
        return frozenset(kind for kind, way in zip(kinds, ways, strict=True) if way)

    async def _try(self, fields: Mapping[str, Any], chat: bool) -> str:
        body = {"model": self.name, "max_tokens": _TRIAL_TOKENS, "temperature": 0, **fields}
        answer = await self.connection.post(
            self._route(chat=chat), body, f"a trial of {self.connection.url}", trial=True
        )
        return _text((answer.get("choices") or [{}])[0])

    def _complete(self, asked: Sequence[Mapping[str, Any]], trial: bool) -> list[Mapping[str, Any]]:
        """Plain completions side by side, the first choice of each."""

        async def all_at_once() -> list[dict[str, Any]]:
            url, what = self._route(chat=False), f"a text to be scored by {self.connection.url}"
            fixed = {"model": self.name, "temperature": 0}
            posts = (self.connection.post(url, fixed | dict(fields), what, trial=trial) for fields in asked)
            return await asyncio.gather(*posts)

        return [(answer.get("choices") or [{}])[0] for answer in self._run(all_at_once)]

    def _run(self, work: Work[T]) -> T:
        _ = self.name
        return self.connection.run(work())

    def _route(self, *, chat: bool) -> str:
        return f"{self.connection.url}/chat/completions" if chat else f"{self.connection.url}/completions"


def _neutral(sampling: Sampling) -> set[str]:
    """Fields that change nothing, said since some endpoints have values of their own; others do not know them."""
    return {"repeat_penalty", *(name for name in ("top_k", "min_p") if not getattr(sampling, name))}


def _text(choice: Mapping[str, Any]) -> str:
    return str((choice.get("message") or {}).get("content") or choice.get("text") or "")


def _completion(request: Request, index: int, choice: Mapping[str, Any], usage: Mapping[str, Any]) -> Completion:
    text = _text(choice)
    finish: Finish = "length" if choice.get("finish_reason") == "length" else "stop"
    tokens = usage.get("completion_tokens")
    drawn = estimate(text) if tokens is None else int(tokens)
    told = logged(choice, request.logprobs) if request.logprobs is not None else ()
    return Completion(request, index, text, finish, int(usage.get("prompt_tokens") or 0), drawn, logprobs=told)
