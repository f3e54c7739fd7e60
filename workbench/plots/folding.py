"""Which leaves of a large taxonomy share a line, so that its picture fits a page."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# With more leaves than this some share a line; with as many lines a picture is a page long.
MOST_LEAVES = 40
_LINES = 56

Described = Mapping[str, Any]


def folded(leaves: Sequence[Described]) -> list[Described]:
    """Leaves one by one where they are few; else those of a folder together, but for the ones to look at.

    To look at are leaves with errors and, where not most have, those with a status. Sorted as given.
    """
    if len(leaves) <= MOST_LEAVES:
        return list(leaves)
    striking = [leaf["path"] for leaf in leaves if _has_errors(leaf) or leaf["status"]]
    if len(striking) > _LINES // 2:
        striking = [leaf["path"] for leaf in leaves if _has_errors(leaf)]
    if len(striking) > _LINES // 2:
        striking = []
    deepest = max(len(_parts(leaf)) for leaf in leaves)
    found: list[Described] = list(leaves)
    for depth in range(deepest - 1, 0, -1):
        found = list(_fold(leaves, depth, frozenset(striking)))
        if len(_folders(found)) <= _LINES:
            break
    return found


def _fold(leaves: Sequence[Described], depth: int, striking: frozenset[str]) -> Iterator[Described]:
    """Each group stands where its first leaf stood."""
    groups: dict[tuple[str, ...], list[Described]] = {}
    for leaf in leaves:
        parts = _parts(leaf)
        alone = leaf["path"] in striking or len(parts) <= depth
        groups.setdefault(parts if alone else (*parts[:depth], ""), []).append(leaf)
    for group in groups.values():
        above = _parts(group[0])[:depth]
        whole = sum(_parts(leaf)[:depth] == above for leaf in leaves) == len(group)
        yield group[0] if len(group) == 1 else _together(group, "/".join(above), "" if whole else "more ")


def _together(group: Sequence[Described], folder: str, more: str) -> Described:
    kinds = {leaf["kind"] for leaf in group}
    changed = Counter(leaf["status"] for leaf in group if leaf["status"])
    wrong = sum(_has_errors(leaf) for leaf in group)
    judged = any(leaf["verdict"] for leaf in group)
    return {
        "path": f"{folder}: {len(group):,} {more}leaves",
        "kind": kinds.pop() if len(kinds) == 1 else "several kinds",
        "size": sum(leaf.get("size", 0) for leaf in group),
        "status": f"{changed.total()} {'changed' if len(changed) > 1 else next(iter(changed))}" if changed else "",
        "verdict": f"{wrong} with errors" if wrong else "no errors" if judged else "",
        "leaves": len(group),
    }


def _folders(leaves: Sequence[Described]) -> set[tuple[str, ...]]:
    return {_parts(leaf)[:depth] for leaf in leaves for depth in range(1, len(_parts(leaf)) + 1)}


def _parts(leaf: Described) -> tuple[str, ...]:
    return tuple(str(leaf["path"]).split("/"))


def _has_errors(leaf: Described) -> bool:
    return "error" in leaf["verdict"]
