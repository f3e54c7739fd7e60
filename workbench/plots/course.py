"""A model's scores on its way through the phases of training."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.evaluation.course import Course, Curve, Point
from workbench.plots.figure import Figure, Grid, draw, nothing
from workbench.plots.style import AFTER, BEFORE, FAINT, INK, PAPER, QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL, _LABELS = 1.75, 0.6
_ROOM = 0.2


def phases(course: Course) -> Figure:
    """One panel a benchmark: the base, its checkpoints in the order of training, the trained model.

    Dots are scores, filled ones of what was chosen, lines their 95 % intervals; the dashed line is what guessing gets.
    """
    if not course.curves:
        return nothing("No checkpoint has been evaluated.")
    caption = " ".join([*(curve.sentence() for curve in course.curves), "Lines are 95 % intervals."])
    curves = course.curves
    return draw(Grid(_PANEL * len(curves) + _LABELS, len(curves)), lambda panels: _paint(panels, curves), caption)


def _paint(panels: Sequence["Axes"], curves: Sequence[Curve]) -> None:
    for panel, curve in zip(panels, curves, strict=True):
        _panel(panel, curve)


def _panel(panel: "Axes", curve: Curve) -> None:
    places = range(len(curve.points))
    panel.plot(places, [point.score for point in curve.points], color=AFTER, linewidth=1.0, alpha=0.6)
    for place, point in zip(places, curve.points, strict=True):
        _mark(panel, place, point, curve)
    low, high, chance = (curve.scale[name] for name in ("low", "high", "chance"))
    if chance is not None:
        panel.axhline(chance, color=QUIET, linewidth=1.2, linestyle=(0, (3, 3)), zorder=0)
        right = (len(places) - 0.52, chance)
        panel.annotate("guessing", right, xytext=(0, 3), textcoords="offset points", ha="right", color=QUIET)
    panel.set_title(curve.title)
    panel.set_xticks(places, [point.model.replace(" of ", "\n") for point in curve.points])
    panel.set_xlim(-0.5, len(places) - 0.5)
    panel.set_ylim(low, high + _ROOM * (high - low))
    ticks = {0.0: "0", 0.5: "50", 1.0: "100 % right"} if high == 1 else {1.0: "1", 5.0: "5", 10.0: "10, the best"}
    panel.set_yticks(list(ticks), list(ticks.values()))
    panel.grid(axis="y", color=FAINT)
    panel.tick_params(length=0)


def _mark(panel: "Axes", place: int, point: Point, curve: Curve) -> None:
    color = BEFORE if point.model == "base" else AFTER
    face = color if point.model == "trained" or point.chosen else PAPER
    panel.plot([place, place], point.interval, color=color, linewidth=1.6, alpha=0.75)
    panel.plot(
        [place],
        [point.score],
        "o",
        color=color,
        markerfacecolor=face,
        markersize=7.5,
        markeredgewidth=1.8,
        clip_on=False,
    )
    said = point.cells(curve.scale["high"])[0].split(" of ")[0]
    above = (place, point.interval[1])
    panel.annotate(said, above, xytext=(0, 4), textcoords="offset points", ha="center", color=INK)
