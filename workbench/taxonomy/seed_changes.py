"""How the seed examples of a leaf changed."""

from dataclasses import dataclass
from difflib import SequenceMatcher

from workbench.taxonomy.qna import Qna, SeedExample

# Below this share of equal text two examples are an old one removed and a new one added.
_SAME = 0.6


@dataclass(frozen=True)
class SeedChanges:
    """`edited` pairs what was there with what is there now; the order is that of the file as it is now."""

    added: tuple[SeedExample, ...] = ()
    removed: tuple[SeedExample, ...] = ()
    edited: tuple[tuple[SeedExample, SeedExample], ...] = ()

    @property
    def summary(self) -> str:
        """`2 added, 1 edited`, or `unchanged`."""
        counts = ((len(self.added), "added"), (len(self.removed), "removed"), (len(self.edited), "edited"))
        return ", ".join(f"{count} {word}" for count, word in counts if count) or "unchanged"


def compare_seeds(before: Qna | None, after: Qna) -> SeedChanges:
    """Equal examples are left out wherever they moved to; of the rest, those most alike belong together."""
    old = list(before.seed_examples) if before else []
    kept = [_content(seed) for seed in old]
    new: list[SeedExample] = []
    for seed in after.seed_examples:
        if _content(seed) in kept:
            place = kept.index(_content(seed))
            del kept[place], old[place]
        else:
            new.append(seed)
    edited: list[tuple[SeedExample, SeedExample]] = []
    for seed in list(new):
        if old and _likeness(nearest := max(old, key=lambda one: _likeness(one, seed)), seed) >= _SAME:
            edited.append((nearest, seed))
            old.remove(nearest)
            new.remove(seed)
    return SeedChanges(tuple(new), tuple(old), tuple(edited))


def _content(seed: SeedExample) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Without the lines, which change whenever something above does."""
    return seed.context, tuple((pair.question, pair.answer) for pair in seed.pairs)


def _likeness(old: SeedExample, new: SeedExample) -> float:
    return SequenceMatcher(None, _words(old), _words(new), autojunk=False).ratio()


def _words(seed: SeedExample) -> list[str]:
    context, pairs = _content(seed)
    return " ".join([context, *(text for pair in pairs for text in pair)]).split()
