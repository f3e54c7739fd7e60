"""The choices of an answer, gathered from what comes of an order."""

from dataclasses import dataclass

from workbench.engines.engine import Completion, Logprob
from workbench.serving.bodies import Body, TextBody
from workbench.serving.orders import Ended, Read, draws, reads


@dataclass(frozen=True, slots=True)
class Choice:
    """`logprobs` is None where nobody asked for any; `text` begins with the prompt where that is to be echoed."""

    index: int
    text: str
    finish: str
    logprobs: tuple[Logprob, ...] | None
    tokens: int


class Choices:
    """Whole choices come out as soon as all of each is there; `prompt_tokens` counts each prompt once."""

    def __init__(self, body: Body) -> None:
        self.prompt_tokens = 0
        self.tokens = 0
        self._body = body
        self._left = set(range(len(body.prompts) * body.n))
        self._counted: set[int] = set()
        self._read: dict[int, Completion] = {}
        self._ended: dict[int, Completion] = {}

    def __bool__(self) -> bool:
        """Whether any is still to come."""
        return bool(self._left)

    def take(self, event: Ended | Read) -> list[Choice]:
        if isinstance(event, Read):
            self._read[event.prompt] = event.completion
            prompt = event.prompt
        else:
            self._ended[event.choice] = event.completion
            prompt = event.choice // self._body.n
        if prompt not in self._counted:
            self._counted.add(prompt)
            self.prompt_tokens += event.completion.prompt_tokens
        mine = range(prompt * self._body.n, (prompt + 1) * self._body.n)
        return [self._choice(index, prompt) for index in mine if index in self._left and self._whole(index, prompt)]

    def echoed(self, choice: int) -> str:
        """What stands before a choice's own text."""
        return str(self._body.prompts[choice // self._body.n]) if self._echoes else ""

    def _whole(self, index: int, prompt: int) -> bool:
        return (index in self._ended or not draws(self._body)) and (prompt in self._read or not reads(self._body))

    def _choice(self, index: int, prompt: int) -> Choice:
        self._left.discard(index)
        done, read = self._ended.get(index), self._read.get(prompt)
        text, tokens = (done.text, done.tokens) if done else ("", 0)
        self.tokens += tokens
        logged = None
        if self._body.likely is not None:
            before = read.logprobs if read and self._echoes else ()
            logged = (*before, *(_shown(done) if done else ()))
        return Choice(index, self.echoed(index) + text, done.finish if done else "length", logged, tokens)

    @property
    def _echoes(self) -> bool:
        return isinstance(self._body, TextBody) and self._body.echo


def _shown(done: Completion) -> tuple[Logprob, ...]:
    """Tokens that begin in the text: those of a stop text were cut off it."""
    end, place, shown = len(done.text.encode()), 0, []
    for told in done.logprobs:
        if place < end or not told.piece:
            shown.append(told)
        place += len(told.piece)
    return tuple(shown)
