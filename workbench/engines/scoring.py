"""How likely a model finds texts that could follow: the context evaluated once, continuations many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.engines.engine import Completion, Finish, Request
from workbench.engines.lanes import Lane
from workbench.engines.likelihoods import likelihoods
from workbench.engines.llama_binding import Logits


@dataclass(eq=False, slots=True)
class Verdict:
    """The scores of a request, to which each of its lanes adds what it sees; `left` lanes have not yet ended."""

    request: Request
    start: int
    continuations: Sequence[Sequence[int]]
    totals: NDArray[np.float64]
    left: int = 0


@dataclass(eq=False, slots=True)
class Judgement(Lane):
    """Reads behind the context a stem, which is all but the last token of the continuations of these numbers; the first
    of them also judges with what every other begins."""

    verdict: Verdict = field(kw_only=True)
    numbers: Sequence[int] = ()

    @property
    def kept(self) -> int:
        return self.verdict.start

    def end(self, finish: Finish) -> Completion | None:
        verdict = self.verdict
        verdict.left -= 1
        scores = () if finish == "cancelled" else tuple(verdict.totals.tolist())
        return None if verdict.left else Completion(self.request, 0, "", finish, verdict.start, 0, scores)

    def read(self, logits: Logits) -> None:
        """The logits of the last `outputs` tokens that were evaluated, each of which judges the token behind it."""
        verdict = self.verdict
        position = self.slot.length - len(logits)
        if position < verdict.start:
            begun = [number for number, tokens in enumerate(verdict.continuations) if tokens]
            likely = likelihoods(np.repeat(logits[:1], len(begun), 0), [verdict.continuations[n][0] for n in begun])
            verdict.totals[begun] += likely
            logits, position = logits[1:], position + 1
        offset = position - verdict.start + 1
        for number in self.numbers:
            judged = verdict.continuations[number][offset : offset + len(logits)]
            verdict.totals[number] += likelihoods(logits, judged).sum()


def judgements(request: Request, context: Sequence[int], continuations: Sequence[Sequence[int]]) -> list[Judgement]:
    """A lane for every stem, and one at least; the context has a token at least."""
    verdict = Verdict(request, len(context), continuations, np.zeros(len(continuations)))
    stems: dict[tuple[int, ...], list[int]] = {}
    for number, tokens in enumerate(continuations):
        if len(tokens) > 1:
            stems.setdefault(tuple(tokens[:-1]), []).append(number)
    found = []
    for place, (stem, numbers) in enumerate(stems.items() or [((), [])]):
        first = len(context) - 1 if place == 0 else len(context)
        prompt = np.asarray([*context, *stem], np.int32)
        found.append(Judgement(request, prompt, first, len(prompt), verdict=verdict, numbers=numbers))
    verdict.left = len(found)
    return found
