"""What became of a leaf: what the model knew before, what it knows now, and what may be said of the difference."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.evaluation.benchmarks import WHO, Scale, Who
from workbench.evaluation.causes import Cause
from workbench.evaluation.intervals import wilson
from workbench.evaluation.journal import Row, read_rows
from workbench.evaluation.names import words
from workbench.evaluation.scores import compare

LEARNED, PARTLY, NOT_LEARNED = "learned", "learned in part", "not learned"
KNEW, FORGOTTEN, UNSURE = "knew it before", "forgotten", "cannot say"
VERDICTS = (LEARNED, PARTLY, NOT_LEARNED, KNEW, FORGOTTEN, UNSURE)
# What is asked about a leaf, by kind.
KINDS = {
    "seeds": "Seed questions",
    "heldout": "Held-out questions",
    "reworded": "The same, reworded",
    "choices": "Four choices",
}
_SCALE = Scale()
_HALF = 0.5


@dataclass(frozen=True)
class Item:
    """A question about a leaf: what kind it is, and which model answered it right; None where one was not asked, or
    failed."""

    leaf: str
    kind: str
    id: str
    asked: str
    expected: str
    said: str
    base: bool | None
    trained: bool | None


@dataclass(frozen=True)
class Tally:
    """Right answers of `items`, and how many different answers they ask for: `trials`, which the interval is for,
    because questions about the same thing are no independent trials."""

    items: int
    right: int
    trials: int

    @property
    def share(self) -> float:
        return self.right / self.items

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.share, self.trials)

    def record(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "right": self.right,
            "score": round(self.share, 6),
            "interval": list(self.interval),
        }


@dataclass(frozen=True)
class LeafLearning:
    """What became of one leaf; `before` is None without a base."""

    leaf: str
    verdict: str
    reason: str
    before: Tally | None
    after: Tally
    kinds: Mapping[str, Mapping[Who, Tally]]
    cause: Cause | None = None
    unexplained: str = ""

    @property
    def lacking(self) -> bool:
        """Whether there is something to explain. Where nothing can be said of the difference, the level may be sure:
        that it is less than half of what there was to learn."""
        if self.verdict in (NOT_LEARNED, PARTLY):
            return True
        return self.verdict == UNSURE and self.before is not None and self.after.interval[1] < halfway(self.before)

    def record(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "base": self.before.record() if self.before else None,
            "trained": self.after.record(),
            "kinds": {
                kind: {who: tally.record() for who, tally in found.items()} for kind, found in self.kinds.items()
            },
            "cause": self.cause.record() if self.cause else None,
            "unexplained": self.unexplained,
        }


def read_items(artifacts: Path) -> list[Item]:
    """The questions about leaves that a right answer is known to, from the journals of an evaluation."""
    found: list[Item] = []
    for name in ("seeds", "heldout", "proof", "mmlu_branch"):
        journals = {who: read_rows(artifacts / f"{name}_{who}.jsonl") for who in WHO}
        for key, row in journals["trained"].items():
            found.append(_item(name, row, journals["base"].get(key)))
    return found


def judge_leaf(leaf: str, items: Sequence[Item]) -> LeafLearning | None:
    """None where the trained model gave no answer that counts."""
    answered = [item for item in items if item.trained is not None]
    if not answered:
        return None
    compared = [item for item in answered if item.base is not None]
    after = _tally(answered, "trained")
    before = _tally(compared, "base") if compared else None
    whos = WHO if compared else WHO[1:]
    kinds = {
        kind: {who: _tally(chosen, who) for who in whos}
        for kind in KINDS
        if (chosen := [item for item in compared or answered if item.kind == kind])
    }
    verdict, reason = _verdict(before, _tally(compared, "trained") if compared else after)
    return LeafLearning(leaf, verdict, reason, before, after, kinds)


def halfway(before: Tally) -> float:
    """The share between what was known before and all."""
    return before.share + (1 - before.share) / 2


def _verdict(before: Tally | None, after: Tally) -> tuple[str, str]:
    """A change is one when its interval leaves out zero; what was learned is a part unless it is surely half or more of
    what there was to learn."""
    if before is None:
        return UNSURE, "without a base nothing is known of what it knew before"
    change = compare(_score(before), _score(after), _SCALE)
    low, high = change["interval"]
    if high < 0:
        return FORGOTTEN, f"{_points(change)} fewer questions right than before"
    if low > 0:
        return (
            LEARNED if after.interval[0] >= halfway(before) else PARTLY
        ), f"{_points(change)} more questions right than before"
    if before.interval[0] > _HALF and after.interval[0] > _HALF:
        return KNEW, "more than half were right before, and no change shows"
    if after.interval[1] < _HALF:
        return NOT_LEARNED, "less than half are right, and no change shows"
    return UNSURE, f"{after.items} questions about {after.trials} things are too few to tell"


def _points(change: Mapping[str, Any]) -> str:
    low, high = (abs(round(100 * share)) for share in change["interval"])
    return f"{abs(round(100 * change['difference']))} % ({min(low, high)} to {max(low, high)})"


def _score(tally: Tally) -> dict[str, Any]:
    return {"score": tally.share, "interval": list(tally.interval)}


def _tally(items: Iterable[Item], who: str) -> Tally:
    chosen = list(items)
    things = {frozenset(words(item.expected)) for item in chosen}
    return Tally(len(chosen), sum(bool(getattr(item, who)) for item in chosen), len(things))


def _item(name: str, row: Row, base: Row | None) -> Item:
    kind = "choices" if "choices" in row or name in ("proof", "mmlu_branch") else name
    if name == "heldout" and row.get("reworded"):
        kind = "reworded"
    chosen = row["choices"][row["chosen"]] if "chosen" in row else row.get("answer", "")
    expected = row["choices"][row["answer"]] if "choices" in row else row.get("expected", "")
    right = [None if each is None or "right" not in each else bool(each["right"]) for each in (base, row)]
    return Item(row["leaf"], kind, row["id"], row["question"], expected, str(chosen), *right)
