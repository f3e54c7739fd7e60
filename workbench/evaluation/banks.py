"""A set of multiple-choice questions by subject, with the worked examples that come with it."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from workbench.assets import assets_folder
from workbench.errors import NotFoundError
from workbench.evaluation.mmlu import PREFIX, read_mmlu
from workbench.evaluation.mmlu_hub import mmlu_folder
from workbench.evaluation.questions import Question, read_choices

HUB = "hub"
OWN = "own"
_OWN_PREFIX = "general_"


@dataclass(frozen=True)
class Bank:
    """`set` is `own` or `mmlu`; `examples` are by leaf, and there are none where no file holds any."""

    set: str
    title: str
    questions: list[Question]
    examples: Mapping[str, list[Question]] = field(default_factory=dict)

    def pick(self, subjects: Sequence[str]) -> "Bank":
        """Those of some subjects, all where none is named; NotFoundError, with the nearest, for one that is not there.
        A subject may be named with or without what its leaf begins with."""
        there = {_bare(question.leaf): question.leaf for question in self.questions}
        for subject in map(_bare, subjects):
            if subject not in there:
                near = difflib.get_close_matches(subject, there, n=3)
                meant = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(there))}"
                raise NotFoundError(f"{self.title}: there is no subject {subject}", hint=meant)
        wanted = {there[_bare(subject)] for subject in subjects} or {*there.values()}
        return replace(
            self,
            questions=[question for question in self.questions if question.leaf in wanted],
            examples={leaf: examples for leaf, examples in self.examples.items() if leaf in wanted},
        )


def read_bank(data: str, resolve: Callable[[str], Path]) -> Bank:
    """The workbench's own questions where no data are named, else MMLU's from the hub or from a folder of its files."""
    if not data:
        paths = sorted((assets_folder() / "benchmarks" / "general").glob("*.jsonl"))
        return Bank(OWN, "Workbench's own general questions", read_choices(paths))
    folder = mmlu_folder() if data == HUB else resolve(data)
    questions, examples = read_mmlu(folder)
    return Bank("mmlu", "MMLU", questions, examples)


def _bare(subject: str) -> str:
    return subject.removeprefix(PREFIX).removeprefix(_OWN_PREFIX)
