"""Which line of a figure each leaf has: its own, or one of its folder where the leaves are too many for a page."""

from collections.abc import Sequence

from workbench.plots.wording import count, short_leaves

# With as many lines a figure is about a page long.
MOST_LINES = 40


def leaf_lines(paths: Sequence[str]) -> dict[str, str]:
    """The name of each leaf's line, in the order given: short where it is alone, `folder: 8 leaves` where it is not."""
    if len(paths) <= MOST_LINES:
        return short_leaves(paths)
    folders = _folders(paths)
    sizes: dict[str, int] = {}
    for folder in folders.values():
        sizes[folder] = sizes.get(folder, 0) + 1
    return {
        path: f"{folder}: {count(sizes[folder], 'leaf', 'leaves')}" if sizes[folder] > 1 else path
        for path, folder in folders.items()
    }


def _folders(paths: Sequence[str]) -> dict[str, str]:
    """As many folders deep as there is room for."""
    found: dict[str, str] = {}
    for depth in range(max(path.count("/") for path in paths), -1, -1):
        found = {path: "/".join(path.split("/")[: max(1, depth)]) for path in paths}
        if len(set(found.values())) <= MOST_LINES:
            break
    return found
