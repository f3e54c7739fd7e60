"""A leaf under way: what was drawn for it, and what was decided so far, in an order that speed does not change."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil

from workbench.generation.near_duplicates import Seen
from workbench.generation.rows import Candidate, LeafWork
from workbench.generation.steps import gather

_PATIENCE = 60
_MOST_EACH = 12
# So many sources are tried before a leaf is given up, as far as it has them: one bad passage can fill many rows.
_FEWEST_SOURCES = 8


@dataclass
class LeafShelf:
    """Candidates are drawn in turn, may each become several rows, and are decided from the first to the last: rows of
    an earlier candidate before those of a later one, rows of one candidate in the order of its answers.

    `flying` counts the rows under way, `ahead` the samples that are likely to come of all that is not decided.
    """

    work: LeafWork
    quota: int
    seen: Seen
    decided: list[Candidate] = field(default_factory=list)
    pending: dict[int, Candidate] = field(default_factory=dict)
    drawn: int = 0
    kept: int = 0
    ahead: int = 0
    flying: int = 0
    dropped: list[Candidate] = field(default_factory=list)
    _reached: int = 0
    _way: list[Candidate] = field(default_factory=list)
    _passed: set[tuple[int, str]] = field(default_factory=set)

    @property
    def most(self) -> int:
        """Samples that are made at most."""
        return max(_PATIENCE, _MOST_EACH * self.quota)

    @property
    def full(self) -> bool:
        """Whether it has its quota, or no more is to be hoped for."""
        return self.kept >= self.quota or (self._tried and len(self.decided) >= self.most) or self.hopeless

    @property
    def hopeless(self) -> bool:
        """Whether nothing was kept of the first samples."""
        return not self.kept and self._tried and len(self.decided) >= _PATIENCE

    @property
    def _tried(self) -> bool:
        """Whether sources enough had their turn to judge the leaf by what came of them."""
        return self._reached >= min(_FEWEST_SOURCES, len(self.work.sources))

    @property
    def drawable(self) -> bool:
        """Whether candidates may still be drawn."""
        return not self.full and (self.drawn < self.most or self.turn_open)

    @property
    def turn_open(self) -> bool:
        """Whether rows wait for a majority among all sources, of which some are still to be drawn."""
        return self.work.gathers and self.drawn % len(self.work.sources) > 0

    @property
    def wanted(self) -> int:
        """Further samples to make, if as many of them are kept as so far."""
        share = (self.kept + 2) / (len(self.decided) + 2)
        return ceil((self.quota - self.kept) / share) - self.ahead

    def draw(self) -> Candidate:
        """The next candidate: sources in turn."""
        candidate = self.work.candidate(self.drawn)
        self.pending[self.drawn] = candidate
        self.drawn += 1
        self.count(candidate)
        return candidate

    def count(self, node: Candidate) -> None:
        """Bring `ahead` and `flying` up to date with a row that went on, and with what it was split into."""
        self._set_count(node, (0, 0) if node.children else (node.expected, int(not node.over)))
        for child in node.children:
            self.count(child)

    def _set_count(self, node: Candidate, count: tuple[int, int]) -> None:
        self.ahead += count[0] - node.counted[0]
        self.flying += count[1] - node.counted[1]
        node.counted = count

    def gather(self) -> list[Candidate]:
        """The rows that a majority lets go on, to be asked about next: it is that of a turn through all sources."""
        if not self.work.gathers or self.turn_open:
            return []
        turns: dict[int, list[Candidate]] = {}
        for row in self.undecided():
            turns.setdefault(row.turn, []).append(row)
        released = [row for rows in turns.values() for row in gather(rows)]
        for node in (*self._way, *self.pending.values()):
            self.count(node)
        return released

    def decide(self) -> int:
        """Take the rows that are over and next in order; returns how many there were.

        `dropped` then holds rows that were under way for what turned out to be a repetition.
        """
        before = len(self.decided)
        while not self.full and self._decide_next():
            pass
        return len(self.decided) - before

    def undecided(self) -> Iterator[Candidate]:
        """All rows that were drawn and are not decided."""
        for node in (*self._way, *self.pending.values()):
            yield from node.rows()

    def clear(self) -> list[Candidate]:
        """Forget what is not decided; returns it."""
        left = list(self.undecided())
        self._way.clear()
        self.pending.clear()
        self.ahead = self.flying = 0
        return left

    def _decide_next(self) -> bool:
        if not self._way:
            if self._reached not in self.pending:
                return False
            self._way.append(self.pending.pop(self._reached))
            self._reached += 1
        node = self._way[-1]
        if not (node.over or node.children):
            return False
        self._way.pop()
        self._drop_repetition(node)
        if node.children:
            self._way += reversed(node.children)
        else:
            self._decide(node)
        return True

    def _drop_repetition(self, node: Candidate) -> None:
        """What an earlier row had in the columns of a stage is rejected there, with all that came of it."""
        for stage, value in node.marks:
            if (stage, value) in self._passed:
                for row in node.rows():
                    self._set_count(row, (0, 0))
                self.dropped += [row for row in node.rows() if not row.over]
                later = {one.name for one in node.leaf.stages[stage:]}
                node.trace = [said for said in node.trace if said["stage"] not in later]
                node.stage, node.children = stage, []
                node.end("rejected", "repeats an earlier row")
                return
            self._passed.add((stage, value))

    def _decide(self, row: Candidate) -> None:
        self._set_count(row, (0, 0))
        row.number = len(self.decided)
        if row.outcome == "kept":
            self._keep(row)
        self.decided.append(row)

    def _keep(self, row: Candidate) -> None:
        text = f"{row.columns['question']} {row.columns['answer']}"
        if self.work.kind == "grounded":
            text = f"{row.columns['document']} {text}"
        if self.seen.twin(text):
            row.end("rejected", "near-duplicate of a kept sample or a seed")
            return
        self.seen.add(text)
        self.kept += 1


def nothing_kept(shelf: LeafShelf) -> str:
    """Why a leaf has no sample, by stage and reason, with the first raw answers."""
    reasons = Counter(f"{candidate.stage_at.name}: {candidate.reason}" for candidate in shelf.decided)
    counted = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
    raw = [f"  {candidate.trace[-1]['text'][:200]!r}" for candidate in shelf.decided[:3] if candidate.trace]
    head = f"{shelf.work.path}: none of {len(shelf.decided)} samples was kept: {counted}. First answers:"
    return "\n".join((head, *raw))
