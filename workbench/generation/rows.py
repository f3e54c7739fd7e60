"""Candidates: what a sample is made from, where it stands, and what became of it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

from workbench.generation.flow import Stage

_OF_THE_FLOW = ("dataset_type", "raw_document")


@dataclass(frozen=True)
class Source:
    """Where candidates of a leaf come from: a seed example or a chunk, as columns for the prompts. Of its `examples`,
    which are columns too, each candidate is shown one, in turn."""

    name: str
    columns: Mapping[str, Any]
    examples: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class LeafWork:
    """One leaf to generate for: its kind (`knowledge`, `freeform`, `grounded`), sources and stages."""

    path: str
    kind: str
    sources: tuple[Source, ...]
    stages: tuple[Stage, ...]
    # What of its documents is in no passage, or not whole: reasons with their counts.
    lost: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def expected(self) -> tuple[int, ...]:
        """How many samples one row may become from each stage on; 1 behind the last."""
        outs = [stage.fan_out for stage in self.stages]
        return tuple(prod(outs[start:]) for start in range(len(outs) + 1))

    @cached_property
    def gathers(self) -> bool:
        """Whether a stage needs all rows of a turn through the sources at once."""
        return any(stage.majority for stage in self.stages)

    def candidate(self, ordinal: int) -> "Candidate":
        """The candidate of that number: sources come in turn."""
        turn, place = divmod(ordinal, len(self.sources))
        source = self.sources[place]
        example = source.examples[(place + turn) % len(source.examples)] if source.examples else {}
        kind = self.kind if self.kind == "knowledge" else f"{self.kind}_skill"
        columns = {"leaf_node_type": kind, "leaf_node_path": self.path.replace("/", "_"), **source.columns, **example}
        return Candidate(self, ordinal, columns, source.name, turn=turn)


@dataclass(eq=False)
class Candidate:
    """A sample in the making.

    `ordinal` counts what was drawn for a leaf. A stage that makes several rows of one splits it: `branch` numbers the
    rows on the way down, and every draw follows from leaf, ordinal and branch alone. What was split is no sample, its
    rows are. `number` counts the samples of a leaf in the order in which they are decided.
    """

    leaf: LeafWork
    ordinal: int
    columns: dict[str, Any]
    source: str
    stage: int = 0
    tries: int = 0
    trace: list[dict[str, str]] = field(default_factory=list)
    outcome: str = ""
    reason: str = ""
    branch: tuple[int, ...] = ()
    turn: int = 0
    number: int = -1
    sampled: int = -1
    waits: bool = False
    marks: list[tuple[int, str]] = field(default_factory=list)
    children: list["Candidate"] = field(default_factory=list)
    model: str = ""
    drawn_with: int = -1
    counted: tuple[int, int] = (0, 0)

    @property
    def row(self) -> str:
        """The ordinal, and the number of each row that it was split into on the way here: `7`, `7.0.2`."""
        return ".".join(str(number) for number in (self.ordinal, *self.branch))

    @property
    def id(self) -> str:
        """32 hex digits, the same in every run with the same draws."""
        return hashlib.sha256(f"{self.leaf.path}#{self.row}".encode()).hexdigest()[:32]

    @property
    def over(self) -> bool:
        """Whether it is kept, rejected or failed."""
        return bool(self.outcome)

    def seed(self, seed: int) -> int:
        """The seed of its next request: another one for each leaf, row, stage and try; one for all rows of a source
        where the stage asks once."""
        drawn_for = self.source if self.stage_at.once else self.row
        text = f"{seed}/{self.leaf.path}/{drawn_for}/{self.stage}/{self.tries}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little")

    def end(self, outcome: str, reason: str) -> None:
        """Note what became of it: `kept`, `rejected` or `failed`, and why."""
        self.outcome, self.reason = outcome, reason

    def split(self, rows: Sequence[tuple[dict[str, Any], str]], *, sampled: int = -1) -> None:
        """Become several rows, each with its own columns beside those it had, and the text of its part of the answer.

        With `sampled` the rows are repeats that a stage of that number is still to be asked for.
        """
        self.children = [
            Candidate(
                self.leaf, self.ordinal, columns, self.source, self.stage, branch=(*self.branch, number),
                trace=[*self.trace, *([{"stage": self.stage_at.name, "text": text}] if text else [])],
                turn=self.turn, sampled=sampled, model=self.model, drawn_with=self.drawn_with,
            )
            for number, (columns, text) in enumerate(rows)
        ]  # fmt: skip

    @property
    def expected(self) -> int:
        """How many samples it is likely to become."""
        if self.over:
            return 1
        return self.leaf.expected[self.stage] // (self.stage_at.samples if self.sampled == self.stage else 1)

    def rows(self) -> Iterator["Candidate"]:
        """What it was split into as far as it was, in order; itself where it was not."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.rows()

    @property
    def stage_at(self) -> Stage:
        """The stage that it is at, or ended at."""
        return self.leaf.stages[min(self.stage, len(self.leaf.stages) - 1)]

    def record(self) -> dict[str, Any]:
        """The sample as `Artifacts` hold it: `seed` is the number that its first own request was drawn with."""
        return {
            "id": self.id,
            "leaf": self.leaf.path,
            "kind": self.leaf.kind,
            "ordinal": self.ordinal if self.number < 0 else self.number,
            "row": self.row,
            "source": self.source,
            "flow": self.stage_at.flow,
            "model": self.model,
            "seed": self.drawn_with,
            "question": self.columns.get("question", ""),
            "answer": self.columns.get("answer", ""),
            "context": self.columns.get("document", ""),
            **{name: self.columns[name] for name in _OF_THE_FLOW if name in self.columns},
            "outcome": self.outcome,
            "stage": self.stage_at.name,
            "reason": self.reason,
            "trace": self.trace,
        }


def user_text(record: Mapping[str, Any]) -> str:
    """What a user says to get a record's answer: a grounded question comes with its context, unless it holds it."""
    question, context = str(record["question"]), str(record["context"])
    if record["kind"] == "grounded" and not question.startswith(context):
        return f"{context}\n\n{question}"
    return question
