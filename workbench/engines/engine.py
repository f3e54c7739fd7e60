"""What every language model answers to, wherever it runs: requests in, completions out as they finish."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from workbench.errors import EngineError
from workbench.messages import Message

Finish = Literal["stop", "length", "cancelled"]
OnText = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn: temperature 0 takes the likeliest; top_k 0, top_p 1 and min_p 0 leave all to choose from.

    `stop` texts end an answer and are cut off it.
    """

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """Either messages, put into the model's own template, or a prompt taken as it is, special tokens included.

    `samples` answers are drawn, each from `sample_seed(seed, index)`. `grammar` is GBNF with the rule `root`, `schema`
    a JSON schema; one of the two at most. `tag` names the request in completions, errors and `cancel`.

    With `continuations` nothing is drawn: the completion says how likely each of them is behind the prompt.

    `on_text` is called in the thread that iterates over the session, with a sample's index and a new piece of its text,
    once nothing can change that piece any more; all pieces together are the completion's text. What it raises ends the
    iteration. `logprobs` asks for the likelihood of every token that is drawn, and of so many that were likelier or
    next; with it, 0 as `max_tokens` draws nothing and tells the likelihoods of the prompt's own tokens.
    """

    tag: str
    messages: tuple[Message, ...] = ()
    prompt: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0
    samples: int = 1
    grammar: str = ""
    schema: str = ""
    continuations: tuple[str, ...] = ()
    on_text: OnText | None = field(default=None, compare=False, repr=False)
    logprobs: int | None = None


@dataclass(frozen=True, slots=True)
class Logprob:
    """How likely the model found a token in its place, at temperature 1 and before anything was cut: `piece` are the
    bytes that it adds to the text, `value` is in nats. `top` are the likeliest tokens there, likeliest first. A
    prompt's first token has no value, unless the one that begins texts stands before it."""

    piece: bytes
    value: float | None
    top: tuple[tuple[bytes, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """One sample of a request. `finish` is stop (the model or a stop text ended it), length or cancelled; `tokens`
    counts what was drawn for the text, `prompt_tokens` the whole prompt, shared parts included. `scores` are sums of
    log-likelihoods in nats, one for each of the request's continuations; `logprobs` are one for each of `tokens`, or of
    the prompt."""

    request: Request
    index: int
    text: str
    finish: Finish
    prompt_tokens: int
    tokens: int
    scores: tuple[float, ...] = ()
    logprobs: tuple[Logprob, ...] = ()


class Session(Protocol):
    """Requests in flight, texts and scores side by side. Iterating yields completions as they finish and ends when
    nothing is left; more may be submitted meanwhile."""

    def submit(self, request: Request) -> None:
        """ContextError when the request cannot fit; EngineError when it asks for what the engine cannot do."""

    def __iter__(self) -> Iterator[Completion]: ...

    def cancel(self, tag: str) -> None:
        """What the tag still has to come is yielded as cancelled, with the text so far."""


class TurningSession(Session, Protocol):
    """A session for those who have other things to see to meanwhile: its work is done a turn at a time, and `places`
    samples run at once."""

    @property
    def places(self) -> int: ...

    def turn(self) -> list[Completion]:
        """Some milliseconds of work on a local model; what was finished in them, or before."""


class Engine(Protocol):
    """`digest` is a SHA-256 of what decides the answers; `capabilities` are of "score", "grammar", "schema", "logprobs"
    and, for those of a prompt, "echo"."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def context_size(self) -> int: ...

    @property
    def capabilities(self) -> frozenset[str]: ...

    def session(self) -> AbstractContextManager[Session]: ...

    def score(self, context: str, continuations: Sequence[str]) -> list[float]:
        """As a request with continuations, at once; context and continuations are turned into tokens apart."""

    def count_tokens(self, text: str) -> int: ...

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str: ...

    def close(self) -> None: ...


def sample_seed(seed: int, index: int) -> int:
    """32 bits that depend on the request's seed and the sample's number alone, so order and company change nothing."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{index}".encode()).digest()[:4], "little")


def check_request(request: Request, capabilities: frozenset[str]) -> None:
    """EngineError that names the request when it contradicts itself or asks for what the engine cannot do."""
    for problem in _problems(request, capabilities):
        raise EngineError(f"request {request.tag!r} {problem}")


def _problems(request: Request, capabilities: frozenset[str]) -> Iterator[str]:
    if bool(request.messages) == bool(request.prompt) and (request.messages or not request.continuations):
        yield "needs either messages or a prompt"
    if request.samples < 1 or request.sampling.max_tokens < (0 if request.logprobs is not None else 1):
        yield "asks for less than one sample or token"
    if request.logprobs is not None:
        yield from _logprob_problems(request, capabilities)
    if request.grammar and request.schema:
        yield "has a grammar and a JSON schema; give one of the two"
    if request.continuations and "score" not in capabilities:
        yield "has continuations, which this engine cannot score"
    if request.continuations and (request.samples > 1 or request.grammar or request.schema):
        yield "has continuations, which are not drawn: they take neither samples nor a grammar"
    for wanted in ("grammar", "schema"):
        if getattr(request, wanted) and wanted not in capabilities:
            yield f"has a {wanted}, which this engine cannot follow"


def _logprob_problems(request: Request, capabilities: frozenset[str]) -> Iterator[str]:
    if request.logprobs is not None and request.logprobs < 0:
        yield "asks for less than no likely tokens"
    if "logprobs" not in capabilities:
        yield "asks for log-probabilities, which this engine does not tell"
    elif not request.sampling.max_tokens and "echo" not in capabilities:
        yield "asks for log-probabilities of its prompt, which this engine does not tell"
    if request.continuations:
        yield "has continuations, whose log-probabilities are their scores"
