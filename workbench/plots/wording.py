"""Words and numbers as figures and captions write them."""

from collections.abc import Sequence


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 leaf`, `2 leaves`, `1,200 steps`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {plural or noun + 's'}"


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def short_leaves(paths: Sequence[str]) -> dict[str, str]:
    """The last folder of each path, and as many above it as it takes to tell it from the others."""
    return {path: _shortest(path, paths) for path in paths}


def _shortest(path: str, paths: Sequence[str]) -> str:
    parts = path.split("/")
    tails = ["/".join(parts[-size:]) for size in range(1, len(parts) + 1)]
    own = [tail for tail in tails if not any(other != path and f"/{other}".endswith(f"/{tail}") for other in paths)]
    return own[0] if own else path
