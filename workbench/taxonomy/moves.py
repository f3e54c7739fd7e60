"""Files that were moved without telling git: one is gone, and another that is much like it is new."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rapidfuzz.distance import LCSseq

from workbench.taxonomy.yaml_file import MAX_BYTES

# As git takes renames: half of the lines are the same.
_ALIKE = 0.5
# Lines of the one times lines of the other: beyond this only files that are the same are recognised.
_MOST = 10**9


def find_moves(gone: Mapping[str, str], root: Path, new: Sequence[str]) -> dict[str, str]:
    """Previous paths by new ones, each used once; those most alike belong together.

    `gone` holds the texts of files that are no longer there.
    """
    before = {path: text.splitlines() for path, text in gone.items()}
    after = {path: lines for path in new if (lines := _lines(root / path))}
    some = sum(map(len, before.values())) * sum(map(len, after.values())) <= _MOST
    scores = [
        (score, path, previous)
        for path, lines in after.items()
        for previous, old in before.items()
        if (score := _likeness(old, lines, some)) >= _ALIKE
    ]
    found: dict[str, str] = {}
    for _, path, previous in sorted(scores, key=lambda one: (-one[0], one[1], one[2])):
        if path not in found and previous not in found.values():
            found[path] = previous
    return found


def _likeness(before: list[str], after: list[str], some: bool) -> float:
    if before == after:
        return 1.0
    return float(LCSseq.normalized_similarity(before, after)) if some else 0.0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines() if path.stat().st_size <= MAX_BYTES else []
    except (OSError, UnicodeDecodeError):
        return []
