"""Rows as training files: phase 1 on knowledge, phase 2 on skills with a replay of knowledge."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.generation.recipes import drawn
from workbench.generation.training_rows import with_system

Record = dict[str, Any]
# Of so large a share of the precomputed skills knowledge is a part at least, or it would be forgotten among them.
LEAST_KNOWLEDGE = 0.03


@dataclass(frozen=True)
class Parts:
    """What the two files are mixed from: rows of samples, and rows that are no samples of this run."""

    knowledge: Sequence[Record] = ()
    skills: Sequence[Record] = ()
    replay: Sequence[Record] = ()
    precomputed: Sequence[Record] = ()

    @property
    def knowledge_in_phase_2(self) -> int:
        """All rows, and repeated ones where precomputed skills outnumber them too far."""
        least = int(LEAST_KNOWLEDGE * len(self.precomputed)) if self.knowledge else 0
        return max(len(self.knowledge), least)


@dataclass(frozen=True)
class Mix:
    """Rows of the two training files, in their order."""

    knowledge: list[Record]
    skills: list[Record]


def cleaned(parts: Parts, allowed: Callable[[Record], bool]) -> tuple[Parts, dict[str, int]]:
    """Without rows in which somebody but the system says nothing, and those that are not allowed; and their counts."""
    left_out: Counter[str] = Counter({"empty": 0, "like_heldout": 0})

    def sieved(rows: Sequence[Record]) -> list[Record]:
        whole = [row for row in rows if not _empty(row)]
        kept = [row for row in whole if allowed(row)]
        left_out.update(empty=len(rows) - len(whole), like_heldout=len(whole) - len(kept))
        return kept

    names = ("knowledge", "skills", "replay", "precomputed")
    clean = replace(parts, **{name: sieved(getattr(parts, name)) for name in names})
    return clean, dict(left_out)


def mix(parts: Parts, seed: int, system_prompt: str = "") -> Mix:
    """The two files, in an order that follows from the seed; without knowledge there is no phase 1.

    No row is taken twice while another was not taken once: only where precomputed skills outnumber knowledge so far
    that it would be less than 3 % of them is knowledge repeated.
    """
    first = [*parts.knowledge, *parts.replay] if parts.knowledge else []
    repeated = drawn(parts.knowledge, parts.knowledge_in_phase_2, random.Random(f"{seed}:mix:knowledge"))
    second = [*parts.skills, *repeated, *parts.replay, *parts.precomputed]
    shuffled = (_shuffled(with_system(rows, system_prompt), seed, n) for n, rows in enumerate((first, second), start=1))
    return Mix(*shuffled)


def _empty(row: Record) -> bool:
    return any(not message["content"].strip() for message in row["messages"] if message["role"] != "system")


def _shuffled(rows: Sequence[Record], seed: int, phase: int) -> list[Record]:
    return random.Random(f"{seed}:mix:{phase}").sample(rows, len(rows))
