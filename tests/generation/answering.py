"""A model for tests: its answers follow from the request alone, and come in any order it is told."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from workbench.engines.engine import Completion, Engine, Finish, Request, Session
from workbench.errors import ContextError
from workbench.messages import Message

Answering = Callable[[Request, random.Random], str]
ALL = frozenset({"grammar", "schema", "score"})


class KilledError(Exception):
    """Stands for a process that is gone."""


def said(request: Request) -> str:
    """What is asked, in whichever way."""
    return request.messages[0]["content"] if request.messages else request.prompt


def by_chance(request: Request, rng: random.Random) -> str:
    """Questions and answers out of the prompt's words, judgements of all kinds: good, bad and unreadable."""
    asked = request.messages[0]["content"]
    if request.grammar:
        return str(rng.choice(re.findall(r'"([^"]*)"', request.grammar)))
    if asked.endswith("True?"):
        return rng.choice(("it says so: YES", "it says so: YES", "it says so: NO", "hard to say"))
    words = re.findall(r"[A-Za-z]+", asked)
    return f"What of {' and '.join(rng.choices(words, k=rng.choice((1, 3))))}?"


class FakeEngine:
    """Answers drawn from the prompt, and from the seed where the temperature is above 0; words count as tokens."""

    def __init__(
        self,
        answering: Answering = by_chance,
        *,
        order: int | None = None,
        kill_at: int = 0,
        context_size: int = 4096,
        capabilities: frozenset[str] = ALL,
    ) -> None:
        self.name = "fake"
        self.digest = "digest of fake"
        self.context_size = context_size
        self.capabilities = capabilities
        self.asked: list[Request] = []
        self.closed = False
        self.answering = answering
        self.kill_at = kill_at
        self.order = None if order is None else random.Random(order)

    @contextmanager
    def session(self) -> Iterator[Session]:
        yield FakeSession(self)

    def complete(self, request: Request) -> Completion:
        seed = request.seed if request.sampling.temperature > 0 else 0
        prompt = said(request)
        if request.continuations:
            scores = tuple(self.score(prompt, request.continuations))
            return Completion(request, 0, "", "stop", self.count_tokens(prompt), 0, scores)
        text = self.answering(request, random.Random(f"{seed}:{prompt}:{request.grammar}"))
        tokens = self.count_tokens(text)
        finish: Finish = "length" if tokens > request.sampling.max_tokens else "stop"
        return Completion(request, 0, text, finish, self.count_tokens(prompt), tokens)

    def score(self, context: str, continuations: Sequence[str]) -> list[float]:
        return [0.0 for _ in continuations]

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        return "\n".join(message["content"] for message in messages)

    def close(self) -> None:
        self.closed = True


class FakeSession:
    """Yields one waiting request after the other, in the order of the engine."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.waiting: list[Request] = []
        self.cancelled: list[Request] = []

    def submit(self, request: Request) -> None:
        needed = self.engine.count_tokens(said(request)) + request.sampling.max_tokens
        if needed > self.engine.context_size:
            raise ContextError(f"request {request.tag!r} needs {needed} tokens", hint="shorten it")
        assert request.tag not in {other.tag for other in self.waiting}
        self.engine.asked.append(request)
        self.waiting.append(request)

    def __iter__(self) -> Iterator[Completion]:
        while self.waiting or self.cancelled:
            if self.cancelled:
                yield Completion(self.cancelled.pop(), 0, "half an ans", "cancelled", 0, 0)
                continue
            place = self.engine.order.randrange(len(self.waiting)) if self.engine.order else 0
            completion = self.engine.complete(self.waiting.pop(place))
            self.engine.kill_at -= 1
            if self.engine.kill_at == 0:
                raise KilledError
            yield completion

    def cancel(self, tag: str) -> None:
        self.cancelled += [request for request in self.waiting if request.tag == tag]
        self.waiting = [request for request in self.waiting if request.tag != tag]


def as_engine(engine: FakeEngine) -> Engine:
    """What mypy checks: the fake one is an engine."""
    return engine
