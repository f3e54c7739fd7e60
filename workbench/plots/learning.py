"""What was learned of each leaf, with the likely cause where it was not."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.evaluation.learning import CAUSE_TITLES, Learning
from workbench.plots.figure import Figure, Grid, draw, nothing
from workbench.plots.style import AFTER, BEFORE, FAINT, INK, ORANGE, PAPER
from workbench.plots.wording import listed, short_leaves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW, _AROUND = 0.55, 0.95
_LOOKS: dict[str, dict[str, Any]] = {
    "base": {"color": BEFORE, "markerfacecolor": PAPER},
    "trained": {"color": AFTER, "markerfacecolor": AFTER},
}
_ASIDE = {"base": -0.13, "trained": 0.13}


def learning(found: Learning) -> Figure:
    """A line for each leaf: all its questions before and after, the verdict, and the likely cause.

    Dots are shares of right answers, lines their 95 % intervals.
    """
    leaves = found.leaves
    if not leaves:
        return nothing("Nothing was asked that tells what was learned.")
    caption = " ".join(filter(None, [found.headline, _causes(found), "Lines are 95 % intervals."]))
    height = _ROW * len(leaves) + _AROUND
    return draw(Grid(height), lambda panels: _paint(panels[0], leaves), caption)


def _causes(found: Learning) -> str:
    """`Likely causes: too few samples for lights and islands.`"""
    names = short_leaves(list(found.leaves))
    by_cause: dict[str, list[str]] = {}
    for leaf, cause in found.causes.items():
        by_cause.setdefault(CAUSE_TITLES[cause["name"]], []).append(names[leaf])
    told = "; ".join(f"{title} for {listed(leaves)}" for title, leaves in by_cause.items())
    return f"Likely causes: {told}." if told else ""


def _paint(panel: "Axes", leaves: Mapping[str, Mapping[str, Any]]) -> None:
    names = short_leaves(list(leaves))
    for place, found in enumerate(leaves.values()):
        for who in _LOOKS:
            if found[who]:
                _mark(panel, place + _ASIDE[who], who, found[who])
        _words(panel, place, found)
    panel.set_title("What was learned")
    panel.set_yticks(range(len(leaves)), [names[leaf] for leaf in leaves])
    panel.set_ylim(len(leaves) - 0.5, -0.5)
    panel.set_xlim(-0.02, 1.02)
    panel.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100 % right"])
    for tick in (0, 0.25, 0.5, 0.75, 1.0):
        panel.axvline(tick, color=FAINT, linewidth=0.7, zorder=0)
    panel.tick_params(length=0)
    for side in ("left", "bottom"):
        panel.spines[side].set_visible(False)
    _legend(panel)


def _words(panel: "Axes", place: int, found: Mapping[str, Any]) -> None:
    across = panel.get_yaxis_transform()
    cause = found["cause"]
    panel.text(1.015, place - (0.17 if cause else 0), found["verdict"], transform=across, va="center", color=INK)
    if cause:
        title = CAUSE_TITLES[cause["name"]]
        panel.text(1.015, place + 0.2, title, transform=across, va="center", color=ORANGE, fontsize="small")


def _mark(panel: "Axes", height: float, who: str, score: Mapping[str, Any]) -> None:
    look = _LOOKS[who]
    panel.plot(score["interval"], [height, height], color=look["color"], linewidth=1.6, alpha=0.75)
    dot: dict[str, Any] = {"marker": "o", "markersize": 7.5, "markeredgewidth": 1.8, "linestyle": "none"}
    panel.plot([score["score"]], [height], clip_on=False, **dot, **look)


def _legend(panel: "Axes") -> None:
    from matplotlib.lines import Line2D

    handles: Sequence[Any] = [
        Line2D([], [], marker="o", linewidth=1.6, markersize=7.5, markeredgewidth=1.8, label=f"{who} model", **look)
        for who, look in _LOOKS.items()
    ]
    panel.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2)
