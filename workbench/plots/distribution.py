"""How the samples of a data run spread over its leaves: trained, held out, repeated, and their tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.generation.leaf_names import service_names
from workbench.plots.figure import Figure, Grid, draw, nothing
from workbench.plots.leaf_lines import leaf_lines
from workbench.plots.style import BEFORE, BLUE, FAINT, INK, LIGHT_BLUE, ORANGE, QUIET
from workbench.plots.wording import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE, _AROUND = 0.34, 1.15
# What became of a sample, with its colour: the first three are kept samples, the last are not.
_FATES = {
    "mixed": ("trained on", BLUE),
    "heldout": ("held out", ORANGE),
    "too_like_heldout": ("too like what is held out", LIGHT_BLUE),
    "near_duplicate": ("repeats another", BEFORE),
}


@dataclass(frozen=True)
class _Line:
    """A leaf, or several of a folder."""

    name: str
    counts: Mapping[str, int]
    tokens: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def distribution(manifest: Mapping[str, Any]) -> Figure:
    """A bar for each leaf of a data run's manifest, with the tokens that are trained on beside it."""
    leaves: Sequence[Mapping[str, Any]] = manifest.get("leaves", [])
    if not leaves:
        return nothing("Nothing has been generated yet.")
    nodes = manifest.get("data_metrics", {}).get("tokens", {}).get("data_leaf_nodes", {})
    names = service_names(sorted(leaf["path"] for leaf in leaves if leaf.get("mixed")))
    tokens = {leaf["path"]: nodes.get(names.get(leaf["path"], ""), 0) for leaf in leaves}
    lines = _lines([(leaf["path"], _counts(leaf), tokens[leaf["path"]]) for leaf in leaves])
    grid = Grid(_LINE * len(lines) + _AROUND, columns=2, share_y=True)
    return draw(grid, lambda panels: _paint(panels, lines), _caption(leaves, tokens))


def _counts(leaf: Mapping[str, Any]) -> dict[str, int]:
    found = {name: int(leaf.get(name, 0)) for name in _FATES}
    return found | {"near_duplicate": int(leaf.get("rejected", {}).get("near_duplicate", 0))}


def _lines(leaves: Sequence[tuple[str, dict[str, int], int]]) -> list[_Line]:
    """Leaves that share a line are added up."""
    names = leaf_lines([path for path, _, _ in leaves])
    groups: dict[str, list[tuple[dict[str, int], int]]] = {}
    for path, counts, tokens in leaves:
        groups.setdefault(names[path], []).append((counts, tokens))
    return [
        _Line(name, {fate: sum(one[fate] for one, _ in group) for fate in _FATES}, sum(tokens for _, tokens in group))
        for name, group in groups.items()
    ]


def _caption(leaves: Sequence[Mapping[str, Any]], tokens: Mapping[str, int]) -> str:
    counts = [_counts(leaf) for leaf in leaves]
    total = {fate: sum(one[fate] for one in counts) for fate in _FATES}
    kept = [sum(one.values()) - one["near_duplicate"] for one in counts]
    least, most = min(kept), max(kept)
    spread = f"{least:,} in each leaf" if least == most else f"{least:,} to {most:,} a leaf"
    return (
        f"{count(sum(kept), 'kept sample')} of {count(len(leaves), 'leaf', 'leaves')}, {spread}: {total['mixed']:,} "
        f"trained on, {total['heldout']:,} held out, {total['too_like_heldout']:,} left out as too like those. "
        f"{total['near_duplicate']:,} more repeated another sample and were dropped. "
        f"What is trained on has {count(sum(tokens.values()), 'token')}."
    )


def _paint(panels: Sequence["Axes"], lines: Sequence[_Line]) -> None:
    samples, tokens = panels
    left = [0] * len(lines)
    for fate, (label, colour) in _FATES.items():
        widths = [line.counts[fate] for line in lines]
        if any(widths):
            samples.barh(range(len(lines)), widths, left=left, height=0.62, color=colour, label=label)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    tokens.barh(range(len(lines)), [line.tokens for line in lines], height=0.62, color=BLUE)
    _numbers(samples, [line.total - line.counts["near_duplicate"] for line in lines], [line.total for line in lines])
    _numbers(tokens, [line.tokens for line in lines], [line.tokens for line in lines])
    samples.set_title("Samples, number of kept ones", pad=26)
    tokens.set_title("Tokens that are trained on", pad=26)
    samples.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.1, handlelength=1, fontsize="x-small"
    )
    for panel in panels:
        panel.set_yticks(range(len(lines)), [line.name for line in lines])
        panel.set_ylim(len(lines) - 0.5, -0.5)
        panel.set_xticks([])
        panel.tick_params(length=0)
        panel.spines["bottom"].set_visible(False)
        panel.spines["left"].set_color(FAINT)
    tokens.tick_params(labelleft=False)


def _numbers(panel: "Axes", values: Sequence[int], ends: Sequence[int]) -> None:
    for place, (value, end) in enumerate(zip(values, ends, strict=True)):
        panel.annotate(
            f"{value:,}", (end, place), (4, 0), textcoords="offset points", va="center",
            color=INK if value else QUIET, fontsize="small",
        )  # fmt: skip
    panel.set_xlim(0, max(1, *ends) * 1.18)
