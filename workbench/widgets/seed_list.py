"""The seed examples of a draft as a list that can be added to, taken from and put into another order."""

from typing import Any

from workbench.widgets.blank_leaf import PAIRS, blank_pair, blank_seed
from workbench.widgets.leaf_draft import LeafDraft

SEEDS = "seed_examples"
PAIR_LIST = "questions_and_answers"
_SHOWN = 56


class SeedList:
    """Works on the draft's contents; numbers count from 0."""

    def __init__(self, draft: LeafDraft) -> None:
        self._draft = draft

    def __len__(self) -> int:
        return len(self._seeds())

    def add(self, number: int) -> int:
        """An empty example behind that number; returns its own."""
        seed = blank_seed(self._draft.kind)
        if self._draft.kind == "skill" and self._draft.grounded:
            seed = {"context": "", **seed}
        seeds = self._seeds(make=True)
        seeds.insert(number + 1, seed)
        return min(number + 1, len(seeds) - 1)

    def remove(self, number: int) -> int:
        """Returns the number of the example that is in view then."""
        seeds = self._seeds()
        del seeds[number]
        return max(0, min(number, len(seeds) - 1))

    def move(self, number: int, steps: int) -> int:
        """Forwards or backwards, as far as the list goes; returns the new number."""
        seeds = self._seeds()
        target = max(0, min(number + steps, len(seeds) - 1))
        seeds.insert(target, seeds.pop(number))
        return target

    def key(self, number: int) -> int:
        """The same for an example wherever it moves, and for no other."""
        seeds = self._seeds()
        if not isinstance(seeds[number], dict):
            seeds[number] = {}
        return id(seeds[number])

    def put_context(self, number: int, text: str) -> None:
        """First in its example, where it has none yet."""
        self.key(number)
        seed = self._seeds()[number]
        rest = {} if "context" in seed else dict(seed)
        if rest:
            seed.clear()
        seed["context"] = text
        seed.update(rest)

    def pairs(self, number: int) -> int:
        """How many pairs of question and answer a knowledge leaf's example has; at least those that it needs."""
        return max(PAIRS, len(self._pairs(number)))

    def add_pair(self, number: int) -> None:
        pairs = self._pairs(number)
        missing = self.pairs(number) + 1 - len(pairs)
        keys = (SEEDS, number, PAIR_LIST)
        self._draft.put(keys, [*pairs, *(blank_pair() for _ in range(missing))])

    def remove_pair(self, number: int, place: int) -> None:
        pairs = self._pairs(number)
        if place < len(pairs):
            del pairs[place]

    def title(self, number: int) -> str:
        """Its number and the beginning of its first question."""
        question = self._draft.get((SEEDS, number, PAIR_LIST, 0, "question"))
        question = question or self._draft.get((SEEDS, number, "question"))
        words = " ".join(str(question).split()) if question else "(no question yet)"
        return f"{number + 1}. {words if len(words) <= _SHOWN else words[: _SHOWN - 1] + '…'}"

    def _seeds(self, *, make: bool = False) -> list[Any]:
        found = self._draft.get((SEEDS,))
        if make and not isinstance(found, list):
            self._draft.put((SEEDS,), [])
        found = self._draft.get((SEEDS,))
        return found if isinstance(found, list) else []

    def _pairs(self, number: int) -> list[Any]:
        found = self._draft.get((SEEDS, number, PAIR_LIST))
        return found if isinstance(found, list) else []
