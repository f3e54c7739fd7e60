"""What changed from the base to the trained model, key by key."""

from collections.abc import Mapping

Deltas = dict[str, dict[str, float]]
KINDS = ("improvements", "regressions", "no_change", "new", "gone")


def deltas(base: Mapping[str, float | None], trained: Mapping[str, float | None]) -> Deltas:
    """Differences to two places, the greatest first; one that rounds to nothing is no change.

    `new` and `gone` hold the score, to two places, of keys that only the trained or only the base model has one for.
    """
    old = {key: value for key, value in base.items() if value is not None}
    new = {key: value for key, value in trained.items() if value is not None}
    changes = {key: round(new[key] - old[key], 2) for key in sorted(new.keys() & old.keys())}
    falling = sorted(changes.items(), key=lambda change: -change[1])
    return {
        "improvements": {key: change for key, change in falling if change > 0},
        "regressions": {key: change for key, change in reversed(falling) if change < 0},
        "no_change": {key: 0.0 for key, change in changes.items() if change == 0},
        "new": {key: round(new[key], 2) for key in sorted(new.keys() - old.keys())},
        "gone": {key: round(old[key], 2) for key in sorted(old.keys() - new.keys())},
    }
