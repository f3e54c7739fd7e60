"""How sure a share is: 95 % intervals, so that noise is not sold as progress."""

import math

Interval = tuple[float, float]
_Z = 1.959964


def wilson(share: float, number: int) -> Interval:
    """Wilson's score interval of a share of `number` trials; for a mean of values from 0 to 1 it is on the wide side.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    square = _Z * _Z / number
    centre = (share + square / 2) / (1 + square)
    half = _Z / (1 + square) * math.sqrt(share * (1 - share) / number + square / (4 * number))
    # Rounding may put an end that is 0 or 1 a trifle inside the share.
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def difference(before: tuple[float, Interval], after: tuple[float, Interval]) -> Interval:
    """The interval of `after - before`, each a share with its own interval.

    Takes the two for independent, which is on the wide side when both answered the same questions. Method 10 of
    R. G. Newcombe, Interval estimation for the difference between independent proportions, 1998.
    """
    (old, (old_low, old_high)), (new, (new_low, new_high)) = before, after
    below = math.hypot(new - new_low, old_high - old)
    above = math.hypot(new_high - new, old - old_low)
    return new - old - below, new - old + above
