"""Candidates: what a sample is made from, where it stands, and what became of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.generation.flow import Stage


@dataclass(frozen=True)
class Source:
    """Where candidates of a leaf come from: a seed example or a chunk, as columns for the prompts."""

    name: str
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class LeafWork:
    """One leaf to generate for: its kind (`knowledge`, `freeform`, `grounded`), sources and stages."""

    path: str
    kind: str
    sources: tuple[Source, ...]
    stages: tuple[Stage, ...]


@dataclass(eq=False)
class Candidate:
    """A sample in the making. `ordinal` counts a leaf's candidates; every draw follows from it alone."""

    leaf: LeafWork
    ordinal: int
    columns: dict[str, Any]
    source: str
    stage: int = 0
    tries: int = 0
    trace: list[dict[str, str]] = field(default_factory=list)
    outcome: str = ""
    reason: str = ""

    @property
    def id(self) -> str:
        """32 hex digits, the same in every run with the same draws."""
        return hashlib.sha256(f"{self.leaf.path}#{self.ordinal}".encode()).hexdigest()[:32]

    @property
    def over(self) -> bool:
        """Whether it is kept, rejected or failed."""
        return bool(self.outcome)

    def seed(self, seed: int) -> int:
        """The seed of its next request: another one for each leaf, candidate, stage and try."""
        text = f"{seed}/{self.leaf.path}/{self.ordinal}/{self.stage}/{self.tries}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little")

    def end(self, outcome: str, reason: str) -> None:
        """Note what became of it: `kept`, `rejected` or `failed`, and why."""
        self.outcome, self.reason = outcome, reason

    @property
    def stage_at(self) -> Stage:
        """The stage that it is at, or ended at."""
        return self.leaf.stages[min(self.stage, len(self.leaf.stages) - 1)]

    def record(self) -> dict[str, Any]:
        """The sample as `Artifacts` hold it."""
        return {
            "id": self.id,
            "leaf": self.leaf.path,
            "kind": self.leaf.kind,
            "ordinal": self.ordinal,
            "source": self.source,
            "question": self.columns.get("question", ""),
            "answer": self.columns.get("answer", ""),
            "context": self.columns.get("document", ""),
            "outcome": self.outcome,
            "stage": self.stage_at.name,
            "reason": self.reason,
            "trace": self.trace,
        }


def user_text(record: Mapping[str, Any]) -> str:
    """What a user says to get a record's answer: a grounded question comes with its context."""
    if record["kind"] == "grounded":
        return f"{record['context']}\n\n{record['question']}"
    return str(record["question"])
