"""Whether the seeds of a taxonomy are spread evenly over its leaves."""

from collections.abc import Iterator, Mapping
from statistics import median

from workbench.taxonomy.findings import Finding

# Every leaf is sampled alike, so that a leaf with many times the seeds of the others gets no more data for its pains,
# while one with a few repeats itself.
TIMES = 4
LEAVES = 3


def check_balance(seeds: Mapping[str, int]) -> Iterator[Finding]:
    """Of the number of seed examples by leaf; one finding about the taxonomy as a whole, whose path is `.`."""
    counts = {path: count for path, count in seeds.items() if count}
    if len(counts) < LEAVES:
        return
    middle = median(counts.values())
    large = sorted((path for path in counts if counts[path] > TIMES * middle), key=lambda path: -counts[path])
    small = sorted((path for path in counts if TIMES * counts[path] < middle), key=lambda path: counts[path])
    if not large and not small:
        return
    named = ", ".join(f"{counts[path]} in {path}" for path in [*large[:3], *small[:3]])
    more = len(large[3:]) + len(small[3:])
    message = (
        f"seed examples are spread unevenly: {named}{f', and so on in {more} more' if more else ''}; "
        f"half of the {len(counts)} leaves have {middle:g} or fewer, {sum(counts.values())} in all"
    )
    hint = "divide a large leaf into several, and write more seeds for a small one"
    yield Finding(".", 1, 1, "", "lopsided", "advice", message, hint)
