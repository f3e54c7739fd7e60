"""What one client has asked of a model, and what comes of it."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from workbench.engines.engine import Completion, Engine, Request, Sampling
from workbench.serving.bodies import Body, Prompt, TextBody
from workbench.serving.refusals import Refusal

# A template may spell what a message says with some tokens more than the same text has on its own.
_SPARE = 8


@dataclass(frozen=True, slots=True)
class Piece:
    """Of the text of a choice."""

    choice: int
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A choice is whole."""

    choice: int
    completion: Completion


@dataclass(frozen=True, slots=True)
class Read:
    """The log-probabilities of a prompt are known."""

    prompt: int
    completion: Completion


Event = Piece | Ended | Read | Refusal


@dataclass(frozen=True, slots=True)
class Part:
    """A request to the engine: it answers a prompt, or reads it."""

    prompt: int
    reads: bool
    request: Request


@dataclass(eq=False, slots=True)
class Order:
    """Made and heard on an event loop, worked on in another thread. `client` is who asks; choices are counted through
    all prompts."""

    id: str
    body: Body
    seed: int
    client: str
    loop: asyncio.AbstractEventLoop
    events: "asyncio.Queue[Event]" = field(default_factory=asyncio.Queue)

    @property
    def size(self) -> int:
        """Answers that are drawn or prompts that are read at once."""
        return len(self.body.prompts) * self.body.n

    @property
    def text_field(self) -> str:
        return "prompt" if isinstance(self.body, TextBody) else "messages"

    def deliver(self, events: Sequence[Event]) -> None:
        """From any thread, in order."""
        self.loop.call_soon_threadsafe(self._take, events)

    def parts(self, engine: Engine, max_tokens: int) -> Iterator[Part]:
        """What the engine is asked; `max_tokens` are for a chat that names no length, fewer where less is left."""
        body = self.body
        for number, prompt in enumerate(body.prompts):
            if reads(body):
                yield Part(number, True, _request(self, f"{self.id}/{number}/prompt", prompt, Sampling(max_tokens=0)))
            if drawn := _length(body, prompt, engine, max_tokens):
                sampling = Sampling(
                    max_tokens=drawn,
                    temperature=body.temperature,
                    top_p=body.top_p,
                    top_k=max(0, body.top_k),
                    min_p=body.min_p,
                    stop=tuple(body.stop),
                )
                yield Part(number, False, _request(self, f"{self.id}/{number}", prompt, sampling))

    def _take(self, events: Sequence[Event]) -> None:
        for event in events:
            self.events.put_nowait(event)


def reads(body: Body) -> bool:
    """Whether the prompt's own log-probabilities are wanted, or nothing but its tokens counted."""
    return isinstance(body, TextBody) and (body.max_tokens == 0 or (body.echo and body.logprobs is not None))


def draws(body: Body) -> bool:
    return body.max_tokens != 0


def _request(order: Order, tag: str, prompt: Prompt, sampling: Sampling) -> Request:
    body = order.body
    reading = not sampling.max_tokens
    return Request(
        tag,
        messages=() if isinstance(prompt, str) else prompt,
        prompt=prompt if isinstance(prompt, str) else "",
        sampling=sampling,
        seed=order.seed,
        samples=1 if reading else body.n,
        schema="" if reading else body.schema_text,
        logprobs=(body.likely or 0) if reading else body.likely,
    )


def _length(body: Body, prompt: Prompt, engine: Engine, most: int) -> int:
    if body.length is not None:
        return body.length
    text = prompt if isinstance(prompt, str) else engine.render(prompt)
    return max(1, min(most, engine.context_size - engine.count_tokens(text) - _SPARE))
