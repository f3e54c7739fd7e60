"""How likely a model finds the tokens of a prompt itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from workbench.engines.engine import Completion, Finish, Logprob, Request
from workbench.engines.lanes import Lane
from workbench.engines.likelihoods import Spell, logprob
from workbench.engines.llama_binding import Logits


@dataclass(eq=False, slots=True)
class Reading(Lane):
    """Looks at the logits behind every token, so nothing of the prompt is taken over from others. `begun` tokens at its
    start are not the text's own."""

    spell: Spell = field(kw_only=True)
    begun: int = field(kw_only=True)
    logprobs: list[Logprob] = field(default_factory=list)

    def read(self, logits: Logits) -> None:
        """The logits of the last tokens that were evaluated, each of which judges the token behind it."""
        position = self.slot.length - len(logits) + 1
        count = self.request.logprobs or 0
        for row, token in zip(logits, self.prompt[position:].tolist(), strict=False):
            self.logprobs.append(logprob(row, token, self.spell(token), count, self.spell))

    def end(self, finish: Finish) -> Completion:
        first = [] if self.begun else [Logprob(self.spell(int(self.prompt[0])), None)]
        told = () if finish == "cancelled" else (*first, *self.logprobs)
        finish = "length" if finish == "stop" else finish
        return Completion(self.request, 0, "", finish, len(self.prompt), 0, logprobs=told)


def reading(request: Request, prompt: Sequence[int], begun: int, spell: Spell) -> Reading:
    """The prompt has a token at least."""
    return Reading(request, np.asarray(prompt, np.int32), 0, len(prompt), spell=spell, begun=begun)
