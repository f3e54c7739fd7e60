"""An answer on its way."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from workbench.engines.engine import Completion, Finish, Logprob, Request, sample_seed
from workbench.engines.lanes import Lane
from workbench.engines.likelihoods import Row, Spell, logprob
from workbench.engines.llama_sampler import Grammar, Sampler
from workbench.engines.outlet import Outlet


@dataclass(eq=False, slots=True)
class Answer(Lane):
    """One sample of a request. `token` is the last one drawn, not yet evaluated; -1 while the prompt is. `outlet` is
    there where somebody wants the text while it comes."""

    index: int = 0
    grammar: Grammar | None = None
    sampler: Sampler | None = None
    token: int = -1
    drawn: int = 0
    output: bytearray = field(default_factory=bytearray)
    outlet: Outlet | None = None
    logprobs: list[Logprob] = field(default_factory=list)

    def start(self) -> None:
        """Only what runs holds a grammar's state."""
        grammar = self.grammar.copy() if self.grammar else None
        self.sampler = Sampler(self.request.sampling, sample_seed(self.request.seed, self.index), grammar)

    def note(self, logits: Row, token: int, piece: bytes, spell: Spell) -> None:
        """Keeps how likely a token is that is about to be appended."""
        self.logprobs.append(logprob(logits, token, piece, self.request.logprobs or 0, spell))

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
        text, told = Outlet(()).take(self.output, ended=True), tuple(self.logprobs)
        return Completion(self.request, self.index, text, finish, len(self.prompt), self.drawn, logprobs=told)

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
    found = [Answer(request, tokens, last, room, index=index, grammar=grammar) for index in range(request.samples)]
    if request.on_text:
        for answer in found:
            answer.outlet = Outlet(request.sampling.stop)
    return found
