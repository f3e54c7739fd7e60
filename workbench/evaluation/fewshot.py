"""Worked examples that stand before a question."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from workbench.evaluation.answers import normalised
from workbench.evaluation.questions import Question


class Examples:
    """The first ones of a leaf's own examples, or where it has none, of its other questions; a question is never among
    its own. So all questions of a leaf have the same examples, but for the few that would be theirs."""

    def __init__(self, questions: Iterable[Question], given: Mapping[str, Sequence[Question]]) -> None:
        self._pools: dict[str, list[Question]] = {}
        for question in questions:
            self._pools.setdefault(question.leaf, []).append(question)
        self._pools |= {leaf: list(examples) for leaf, examples in given.items() if examples}

    def before(self, question: Question, count: int) -> list[Question]:
        """`count` of them, or as many as there are."""
        return list(islice(self._others(question), count))

    def _others(self, question: Question) -> Iterator[Question]:
        said = normalised(question.asked)
        return (each for each in self._pools.get(question.leaf, ()) if normalised(each.asked) != said)
