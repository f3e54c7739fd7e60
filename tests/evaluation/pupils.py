"""Models of the tests: they know by heart what they are told to know, and count what they are asked."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from workbench.engines.engine import Completion, Request
from workbench.errors import ContextError, EndpointError, ModelError
from workbench.messages import Message

END = "<|end|>"


@dataclass
class Pupil:
    """`knows` maps what the user says to the answer; `dies_after` is the number of requests that it survives."""

    name: str = "pupil"
    knows: Mapping[str, str] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset({"score"})
    context_size: int = 4096
    template: bool = True
    likelihood: float = -1.0
    dies_after: int = 1_000_000
    asked: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    closed: bool = False

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()

    @contextmanager
    def session(self) -> Iterator["PupilSession"]:
        yield PupilSession(self)

    def score(self, context: str, continuations: Sequence[str]) -> list[float]:
        text = context.removeprefix("<|user|>").removesuffix("<|assistant|>")
        answer = self.answer(text)
        return [self.likelihood if text == answer + END else -5.0 - place for place, text in enumerate(continuations)]

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        if not self.template:
            raise ModelError(f"{self.name} has no chat template", hint="take a chat model")
        ends = {"assistant": END}
        text = "".join(f"<|{each['role']}|>{each['content']}{ends.get(each['role'], '')}" for each in messages)
        return text + ("<|assistant|>" if add_generation_prompt else "")

    def close(self) -> None:
        self.closed = True

    def answer(self, text: str) -> str:
        if self.count_tokens(text) > self.context_size:
            raise ContextError(f"{self.count_tokens(text)} words do not fit")
        if len(self.asked) >= self.dies_after:
            raise EndpointError(f"{self.name} has gone", hint="start it again")
        self.asked.append(text)
        return self.knows.get(text, "I do not know.")


class Judge(Pupil):
    """Gives 10 to the reference and 1 to all else, in the compact form's prompt."""

    def answer(self, text: str) -> str:
        super().answer(text)
        lines = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        return "[[10]]" if lines["Reference"] == lines.get("Answer") else "[[1]]"


class PupilSession:
    def __init__(self, pupil: Pupil) -> None:
        self._pupil = pupil
        self._waiting: list[Request] = []

    def submit(self, request: Request) -> None:
        said = request.prompt or " ".join(message["content"] for message in request.messages)
        if self._pupil.count_tokens(said) > self._pupil.context_size:
            raise ContextError(f"request {request.tag!r} does not fit")
        self._waiting.append(request)

    def __iter__(self) -> Iterator[Completion]:
        # Another order than they came in: nobody may rely on it.
        while self._waiting:
            request = self._waiting.pop()
            if request.continuations:
                scores = self._pupil.score(request.prompt, request.continuations)
                yield Completion(request, 0, "", "stop", 1, 0, tuple(scores))
                continue
            self._pupil.requests.append(request)
            yield Completion(request, 0, self._pupil.answer(request.messages[-1]["content"]) + "\n", "stop", 1, 1)

    def cancel(self, tag: str) -> None:
        self._waiting = [request for request in self._waiting if request.tag != tag]
