"""The production of samples: candidates stream through their stages and are counted in a fixed order.

Candidates of a leaf are numbered, drawn from its sources in turn, and decided in the order of their numbers whichever
finishes first. So the samples do not depend on speed, threads or an interruption.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.errors import GenerationError
from workbench.generation.exchange import Exchange
from workbench.generation.near_duplicates import Seen
from workbench.generation.rows import Candidate, LeafWork
from workbench.runs import Stop

_AHEAD = 64
_PATIENCE = 60
_MOST_EACH = 12


@dataclass
class LeafShelf:
    """One leaf under way: its candidates in order, and what was decided so far."""

    work: LeafWork
    quota: int
    seen: Seen
    decided: list[Candidate] = field(default_factory=list)
    pending: dict[int, Candidate] = field(default_factory=dict)
    drawn: int = 0
    kept: int = 0

    @property
    def most(self) -> int:
        """Candidates that are tried at most."""
        return max(_PATIENCE, _MOST_EACH * self.quota)

    @property
    def full(self) -> bool:
        """Whether it has its quota, or no more is to be hoped for."""
        return self.kept >= self.quota or len(self.decided) >= self.most or self.hopeless

    @property
    def hopeless(self) -> bool:
        """Whether nothing was kept of the first candidates."""
        return not self.kept and len(self.decided) >= _PATIENCE

    def draw(self) -> Candidate:
        """The next candidate: sources in turn."""
        source = self.work.sources[self.drawn % len(self.work.sources)]
        candidate = Candidate(self.work, self.drawn, dict(source.columns), source.name)
        self.pending[self.drawn] = candidate
        self.drawn += 1
        return candidate

    def decide(self) -> int:
        """Take the finished candidates that are next in order; returns how many there were."""
        before = len(self.decided)
        while not self.full and (candidate := self.pending.get(len(self.decided))) and candidate.over:
            del self.pending[candidate.ordinal]
            if candidate.outcome == "kept":
                self._keep(candidate)
            self.decided.append(candidate)
        return len(self.decided) - before

    def _keep(self, candidate: Candidate) -> None:
        text = f"{candidate.columns['question']} {candidate.columns['answer']}"
        if self.work.kind == "grounded":
            text = f"{candidate.columns['document']} {text}"
        if self.seen.twin(text):
            candidate.end("rejected", "near-duplicate of a kept sample or a seed")
            return
        self.seen.add(text)
        self.kept += 1


class Production:
    """All leaves at once, each until it has `quota` samples; `threshold` is the likeness of near-duplicates."""

    def __init__(self, works: Sequence[LeafWork], quota: int, threshold: float, exchange: Exchange, stop: Stop) -> None:
        self.shelves = {work.path: LeafShelf(work, quota, seeds_seen(work, threshold)) for work in works}
        self._exchange = exchange
        self._stop = stop

    def run(self) -> Iterator[LeafShelf]:
        """Work until every leaf is full; yields the leaf whose count of decisions changed.

        Checkpointed when a stop was asked for: every answer so far is in the journal.
        """
        self._fill()
        for candidate, text, finish in self._exchange:
            shelf = self.shelves[candidate.leaf.path]
            if not shelf.full:
                apply_answer(candidate, text, finish)
                if not candidate.over:
                    self._exchange.ask(candidate)
                if shelf.decide():
                    yield shelf
            self._let_go(shelf)
            self._stop.check()
            self._fill()

    def _let_go(self, shelf: LeafShelf) -> None:
        """Cancel what is under way for a leaf that has all it can get."""
        if shelf.full and shelf.pending:
            self._exchange.drop(shelf.pending.values())
            shelf.pending.clear()

    def _fill(self) -> None:
        """Keep candidates of all leaves in flight, evenly."""
        waiting = [shelf for shelf in self.shelves.values() if not shelf.full and shelf.drawn < shelf.most]
        room = _AHEAD - sum(len(shelf.pending) for shelf in waiting)
        for shelf in sorted(waiting, key=lambda shelf: len(shelf.pending)):
            share = max(1, _AHEAD // len(waiting))
            while room > 0 and len(shelf.pending) < share and shelf.drawn < shelf.most:
                self._exchange.ask(shelf.draw())
                room -= 1

    def check_yield(self) -> None:
        """GenerationError with raw answers when a leaf kept nothing at all."""
        for shelf in self.shelves.values():
            if not shelf.kept:
                hint = "look at Artifacts/rejected.jsonl; try another teacher or critic"
                raise GenerationError(_nothing_kept(shelf), hint=hint)


def seeds_seen(work: LeafWork, threshold: float) -> Seen:
    """The leaf's own seed pairs, which a new sample must not repeat."""
    seen = Seen(threshold)
    for source in work.sources:
        columns: Mapping[str, str] = source.columns
        if "seed_question" in columns:
            seen.add(f"{columns['seed_context']} {columns['seed_question']} {columns['seed_response']}")
    return seen


def apply_answer(candidate: Candidate, text: str, finish: str) -> None:
    """Write a column or take a verdict; the candidate moves to its next stage, is to be judged once more, or ends."""
    text = text.strip()
    stage = candidate.stage_at
    candidate.trace.append({"stage": stage.name, "text": text})
    if stage.judges:
        found = re.search(stage.verdict, text)
        if not found and not candidate.tries:
            candidate.tries = 1
            return
        if not found:
            return candidate.end("failed", "unparsable judgement")
        if not stage.accepts(found[1], candidate.columns):
            return candidate.end("rejected", f"judged {found[1]}")
    elif finish == "length":
        return candidate.end("failed", f"cut off after {stage.sampling.max_tokens} tokens")
    elif not (columns := _columns(stage.parse, stage.writes, text)):
        return candidate.end("failed", "unparsable answer")
    else:
        candidate.columns.update(columns)
    candidate.stage += 1
    candidate.tries = 0
    if candidate.stage == len(candidate.leaf.stages):
        candidate.end("kept", "")


def _columns(parse: str, writes: str, text: str) -> dict[str, str]:
    """All columns that the answer holds, or none where one is missing or empty."""
    found = re.search(parse, text, re.DOTALL)
    named = found.groupdict() if found else {}
    columns = {name: (value or "").strip() for name, value in (named if parse else {writes: text}).items()}
    return columns if all(columns.values()) else {}


def _nothing_kept(shelf: LeafShelf) -> str:
    reasons = Counter(f"{candidate.stage_at.name}: {candidate.reason}" for candidate in shelf.decided)
    counted = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
    raw = [f"  {candidate.trace[-1]['text'][:200]!r}" for candidate in shelf.decided[:3] if candidate.trace]
    head = f"{shelf.work.path}: none of {len(shelf.decided)} samples was kept: {counted}. First answers:"
    return "\n".join((head, *raw))
