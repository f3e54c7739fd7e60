"""Which values of before are which values of now: equal ones first, then those most alike."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any

# Below this likeness two items are an old one removed and a new one added.
_SAME = 0.3
# Up to how many pairs of items are compared with each other; longer lists are taken in their order.
_PAIRS = 900


@dataclass(frozen=True)
class Alignment:
    """`places` has for each new item the place it had, None for one that came; `moved` has those that only moved."""

    places: tuple[int | None, ...]
    moved: Mapping[int, int]


def same(one: Any, other: Any) -> bool:
    """Equal also in type, so that `1` is neither `true` nor `1.0`; the order of keys does not count."""
    return one is other or frozen(one) == frozen(other)


def frozen(value: Any) -> Hashable:
    """Equal for values that are the same."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "keys", frozenset((frozen(name), frozen(item)) for name, item in value.items())
    if isinstance(value, list | tuple):
        return type(value).__name__, tuple(map(frozen, value))
    if isinstance(value, set | frozenset):
        return "set", frozenset(map(frozen, value))
    if isinstance(value, float | date):
        return type(value).__name__, repr(value)
    return type(value).__name__, value if isinstance(value, Hashable) else id(value)


def align(old: Sequence[Any], new: Sequence[Any]) -> Alignment:
    """Items that are kept stay in their order; of those between them that changed, the most alike belong together."""
    before, after = [frozen(item) for item in old], [frozen(item) for item in new]
    places: list[int | None] = [None] * len(new)
    gaps: list[tuple[int, int, int, int]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            places[j1:j2] = range(i1, i2)
        elif tag == "replace":
            gaps.append((i1, i2, j1, j2))
    moved = _moved(before, after, places)
    for i1, i2, j1, j2 in gaps:
        left = [place for place in range(i1, i2) if place not in moved.values()]
        came = [place for place in range(j1, j2) if place not in moved]
        for old_place, new_place in _most_alike([old[i] for i in left], [new[j] for j in came]):
            places[came[new_place]] = left[old_place]
    return Alignment(tuple(places), moved)


def _moved(before: list[Hashable], after: list[Hashable], places: list[int | None]) -> dict[int, int]:
    kept = set(places)
    waiting: dict[Hashable, list[int]] = {}
    for place in reversed([place for place in range(len(before)) if place not in kept]):
        waiting.setdefault(before[place], []).append(place)
    return {
        place: waiting[after[place]].pop()
        for place, old in enumerate(places)
        if old is None and waiting.get(after[place])
    }


def _most_alike(old: Sequence[Any], new: Sequence[Any]) -> list[tuple[int, int]]:
    """Pairs in rising order with the largest sum of likenesses."""
    if len(old) == len(new) == 1:
        return [(0, 0)]
    if len(old) * len(new) > _PAIRS:
        return list(zip(range(len(old)), range(len(new)), strict=False))
    likeness = [[_likeness(one, other) for other in new] for one in old]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            paired = best[i + 1][j + 1] + likeness[i][j] if likeness[i][j] >= _SAME else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(old) and j < len(new) and best[i][j]:
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            pairs.append((i, j))
            i, j = i + 1, j + 1
    return pairs


def _likeness(one: Any, other: Any) -> float:
    """From 0 to 1, by the words of all texts inside."""
    return SequenceMatcher(None, _words(one), _words(other), autojunk=False).ratio()


def _words(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [word for name, item in value.items() for word in (str(name), *_words(item))]
    if isinstance(value, list | tuple):
        return [word for item in value for word in _words(item)]
    return str(value).split()
