"""An answer on its way."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from workbench.engines.engine import Completion, Finish, Request, sample_seed
from workbench.engines.lanes import Lane
from workbench.engines.llama_sampler import Grammar, Sampler


@dataclass(eq=False, slots=True)
class Answer(Lane):
    """One sample of a request. `token` is the last one drawn, not yet evaluated; -1 while the prompt is."""

    index: int = 0
    grammar: Grammar | None = None
    sampler: Sampler | None = None
    token: int = -1
    drawn: int = 0
    output: bytearray = field(default_factory=bytearray)

    def start(self) -> None:
        """Only what runs holds a grammar's state."""
        grammar = self.grammar.copy() if self.grammar else None
        self.sampler = Sampler(self.request.sampling, sample_seed(self.request.seed, self.index), grammar)

    def append(self, token: int, piece: bytes) -> Finish | None:
        """Takes the token that was drawn, which adds `piece` to the text; says whether that ends the answer."""
        self.output += piece
        self.token = token
        self.drawn += 1
        if self.request.sampling.stop and self._stopped(len(piece)):
            return "stop"
        return "length" if self.drawn >= self.request.sampling.max_tokens else None

    def end(self, finish: Finish) -> Completion:
        """Half a character at the text's end is left out."""
        if self.sampler:
            self.sampler.close()
        text = codecs.getincrementaldecoder("utf-8")("replace").decode(bytes(self.output))
        return Completion(self.request, self.index, text, finish, len(self.prompt), self.drawn)

    def _stopped(self, added: int) -> bool:
        """Whether a stop text ends the answer, which is then cut; `added` bytes are new."""
        found = [
            place
            for stop in self.request.sampling.stop
            if (place := self.output.find(encoded := stop.encode(), max(0, len(self.output) - added - len(encoded))))
            >= 0
        ]
        if found:
            del self.output[min(found) :]
        return bool(found)


def answers(request: Request, prompt: Sequence[int], grammar: Grammar | None) -> list[Answer]:
    """All samples of a request."""
    tokens, last = np.asarray(prompt, np.int32), len(prompt) - 1
    room = len(prompt) + request.sampling.max_tokens
    return [Answer(request, tokens, last, room, index=index, grammar=grammar) for index in range(request.samples)]
