"""The production of samples: all leaves at once, their rows streaming through the stages without waiting.

What is decided follows from leaf, candidate, row, stage and try alone: not from speed, threads or an interruption.
Made are the rows that ended, as kept, rejected or failed. An answer in which no row can be read is one failed row. Rows
that a model was asked for and did not write, and those under way when a leaf had its quota, were never made.
"""

from collections.abc import Iterator, Mapping, Sequence

from workbench.errors import GenerationError
from workbench.generation.exchange import Exchange
from workbench.generation.near_duplicates import Seen
from workbench.generation.rows import Candidate, LeafWork
from workbench.generation.shelf import LeafShelf, nothing_kept
from workbench.generation.steps import advance, apply_answer
from workbench.runs import Stop

__all__ = ["LeafShelf", "Production", "apply_answer", "seeds_seen"]

_AHEAD = 64
_ROWS_EACH = 8


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
        yield from self._fill()
        for candidate, text, finish in self._exchange:
            shelf = self.shelves[candidate.leaf.path]
            if not shelf.full and self._go_on(shelf, candidate, apply_answer(candidate, text, finish)):
                yield shelf
            self._stop.check()
            yield from self._fill()

    def _go_on(self, shelf: LeafShelf, node: Candidate, rows: Sequence[Candidate]) -> int:
        """Ask about the rows that came of one, decide what is over, cancel what nobody needs; returns how many were
        decided."""
        for row in rows:
            self._exchange.ask(row)
        shelf.count(node)
        while released := shelf.gather():
            for row in released:
                self._exchange.ask(row)
                shelf.count(row)
        decided = shelf.decide()
        unneeded = [*shelf.dropped, *(shelf.clear() if shelf.full else [])]
        shelf.dropped = []
        if unneeded:
            self._exchange.drop(unneeded)
        return decided

    def _fill(self) -> Iterator[LeafShelf]:
        """Keep rows of all leaves in flight, those first that have least, and no more of a leaf than it is likely to
        need; yields leaves where something was decided."""
        while waiting := self._waiting():
            share = max(1, _AHEAD // len(waiting))
            room = _AHEAD - sum(shelf.flying for shelf in waiting)
            drawn = False
            for shelf in sorted(waiting, key=lambda shelf: (shelf.kept, shelf.ahead)):
                while shelf.drawable and (shelf.turn_open or (room > 0 and _needs_more(shelf, share))):
                    before = shelf.flying
                    candidate = shelf.draw()
                    decided = self._go_on(shelf, candidate, advance([candidate]))
                    room -= max(1, shelf.flying - before)
                    drawn = True
                    if decided:
                        yield shelf
            if not drawn:
                return

    def _waiting(self) -> list[LeafShelf]:
        return [shelf for shelf in self.shelves.values() if shelf.drawable]

    def check_yield(self) -> None:
        """GenerationError with raw answers when a leaf kept nothing at all."""
        for shelf in self.shelves.values():
            if not shelf.kept:
                hint = "look at Artifacts/rejected.jsonl; try another teacher or critic"
                raise GenerationError(nothing_kept(shelf), hint=hint)


def _needs_more(shelf: LeafShelf, share: int) -> bool:
    """Whether a leaf has less under way than its share, and than it is likely to need; answers that become many rows
    are asked for side by side, but not by the hundred."""
    return shelf.flying < share and shelf.ahead < _ROWS_EACH * share and shelf.wanted > 0


def seeds_seen(work: LeafWork, threshold: float) -> Seen:
    """The leaf's own seed pairs, which a new sample must not repeat."""
    seen = Seen(threshold)
    for source in work.sources:
        columns: Mapping[str, str] = source.columns
        if "seed_question" in columns:
            seen.add(f"{columns['seed_context']} {columns['seed_question']} {columns['seed_response']}")
    return seen
