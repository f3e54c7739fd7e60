"""How the seed examples of a leaf changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

from workbench.taxonomy.field_changes import FieldChange
from workbench.taxonomy.qna import Qna, QuestionAnswer, SeedExample

# Below this share of equal words two examples are an old one removed and a new one added, unless a whole text stayed.
_SAME = 0.6
# An answer of fewer words, such as a yes, says nothing about which example it was.
_TELLING = 3
# Beyond so many pairs of an old and a new example only those with the same questions belong together.
_PAIRS = 10_000
_NOTHING = QuestionAnswer("", "", 0)


@dataclass(frozen=True)
class SeedChanges:
    """`edited` pairs what was there with what is there now; the order is that of the file as it is now."""

    added: tuple[SeedExample, ...] = ()
    removed: tuple[SeedExample, ...] = ()
    edited: tuple[tuple[SeedExample, SeedExample], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.edited)

    @property
    def summary(self) -> str:
        """`2 added, 1 edited`, or `unchanged`."""
        counts = ((len(self.added), "added"), (len(self.removed), "removed"), (len(self.edited), "edited"))
        return ", ".join(f"{count} {word}" for count, word in counts if count) or "unchanged"


def compare_seeds(before: Qna | None, after: Qna) -> SeedChanges:
    """Equal examples are left out wherever they moved to; of the rest, those most alike belong together."""
    old, new = _without_equal(before.seed_examples if before else (), after.seed_examples)
    partners = _partners(old, new)
    return SeedChanges(
        added=tuple(seed for place, seed in enumerate(new) if place not in partners),
        removed=tuple(seed for place, seed in enumerate(old) if place not in partners.values()),
        edited=tuple((old[partners[place]], seed) for place, seed in enumerate(new) if place in partners),
    )


def compare_texts(before: SeedExample, after: SeedExample) -> tuple[FieldChange, ...]:
    """What was edited in one example: `context`, and `question` and `answer`, numbered where there are several."""
    found = [FieldChange("context", before.context, after.context)]
    several = max(len(before.pairs), len(after.pairs)) > 1
    for number, old, new in _matched(before.pairs, after.pairs):
        behind = f" {number}" if several else ""
        found.append(FieldChange(f"question{behind}", old.question, new.question))
        found.append(FieldChange(f"answer{behind}", old.answer, new.answer))
    return tuple(change for change in found if change.before != change.after)


def _without_equal(
    before: Sequence[SeedExample], after: Sequence[SeedExample]
) -> tuple[list[SeedExample], list[SeedExample]]:
    waiting: dict[object, list[int]] = {}
    for place, seed in enumerate(before):
        waiting.setdefault(_content(seed), []).append(place)
    new = []
    for seed in after:
        if same := waiting.get(_content(seed)):
            same.pop(0)
        else:
            new.append(seed)
    return [before[place] for place in sorted(place for places in waiting.values() for place in places)], new


def _partners(old: Sequence[SeedExample], new: Sequence[SeedExample]) -> dict[int, int]:
    """Places in `old` by places in `new`, best first."""
    if len(old) * len(new) > _PAIRS:
        asked = {_questions(seed): place for place, seed in enumerate(old)}
        return {place: asked.pop(_questions(seed)) for place, seed in enumerate(new) if _questions(seed) in asked}
    scores = sorted(
        (-_likeness(there, here), place, previous)
        for place, here in enumerate(new)
        for previous, there in enumerate(old)
    )
    found: dict[int, int] = {}
    used: set[int] = set()
    for score, place, previous in scores:
        if -score >= _SAME and place not in found and previous not in used:
            found[place] = previous
            used.add(previous)
    return found


def _matched(
    old: Sequence[QuestionAnswer], new: Sequence[QuestionAnswer]
) -> Iterator[tuple[int, QuestionAnswer, QuestionAnswer]]:
    """Pairs as they were and are, numbered as they are now, those that went at the end."""
    left = {pair.question: pair for pair in old}
    matched = {number: left.pop(pair.question) for number, pair in enumerate(new) if pair.question in left}
    for number, pair in enumerate(new):
        if number not in matched and len(left) * len(new) <= _PAIRS:
            nearest = max(left.values(), key=lambda one: _pair_likeness(one, pair), default=_NOTHING)
            if _pair_likeness(nearest, pair) >= _SAME / 2:
                matched[number] = left.pop(nearest.question)
    yield from ((number + 1, matched.get(number, _NOTHING), pair) for number, pair in enumerate(new))
    yield from ((number, pair, _NOTHING) for number, pair in enumerate(left.values(), start=len(new) + 1))


def _likeness(old: SeedExample, new: SeedExample) -> float:
    share = float(LCSseq.normalized_similarity(_words(old), _words(new)))
    stayed = _telling(old) & _telling(new)
    return max(share, _SAME + (1 - _SAME) * share) if stayed else share


def _telling(seed: SeedExample) -> set[tuple[str, str]]:
    """Texts that tell one example from another."""
    answers = {("answer", pair.answer) for pair in seed.pairs if len(pair.answer.split()) >= _TELLING}
    return answers | {("question", pair.question) for pair in seed.pairs} | {("context", seed.context or str(id(seed)))}


def _pair_likeness(old: QuestionAnswer, new: QuestionAnswer) -> float:
    words = [f"{pair.question} {pair.answer}".split() for pair in (old, new)]
    return float(LCSseq.normalized_similarity(*words))


def _content(seed: SeedExample) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Without the lines, which change whenever something above does."""
    return seed.context, tuple((pair.question, pair.answer) for pair in seed.pairs)


def _questions(seed: SeedExample) -> tuple[str, ...]:
    return tuple(pair.question for pair in seed.pairs)


def _words(seed: SeedExample) -> list[str]:
    context, pairs = _content(seed)
    return " ".join([context, *(text for pair in pairs for text in pair)]).split()
