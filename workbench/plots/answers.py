"""Base against trained model, leaf by leaf."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.evaluation.report import Report
from workbench.plots.figure import Figure, Grid, draw, nothing
from workbench.plots.style import AFTER, BEFORE, FAINT, INK, PAPER, QUIET
from workbench.plots.wording import listed, short_leaves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW, _AROUND = 0.4, 0.85
_MARKS: dict[str, dict[str, Any]] = {
    "base": {"color": BEFORE, "marker": "o", "markerfacecolor": PAPER},
    "trained": {"color": AFTER, "marker": "o", "markerfacecolor": AFTER},
}
_ASIDE = {"base": -0.14, "trained": 0.14}


@dataclass(frozen=True)
class _Benchmark:
    title: str
    low: float
    high: float
    chance: float | None
    whole: Mapping[str, Any]
    leaves: list[tuple[str, Mapping[str, Any]]]

    @property
    def rows(self) -> list[tuple[str, Mapping[str, Any]]]:
        return [*self.leaves, ("all leaves", self.whole)] if len(self.leaves) > 1 else self.leaves

    def shown(self, score: float) -> str:
        return f"{100 * score:.0f} %" if self.high == 1 else f"{score:.1f}"

    def change(self, models: Mapping[str, Any]) -> str:
        """`31 % to 88 %, better`, or the score of the one model that has one."""
        scores = {who: self.shown(models[who]["score"]) for who in _MARKS if _scored(models, who)}
        if len(scores) < len(_MARKS):
            return "".join(f"{score}, {who} alone" for who, score in scores.items())
        return " \N{RIGHTWARDS ARROW} ".join(scores.values()) + f"  {models['change']['verdict']}"

    def sentence(self) -> str:
        parts = [
            f"{self.shown(self.whole[who]['score'])} by the {who} model" for who in _MARKS if _scored(self.whole, who)
        ]
        verdict = self.whole.get("change", {}).get("verdict", "")
        ending = f" ({verdict})" if len(parts) == len(_MARKS) else ""
        return f"{self.title}: {listed(parts) or 'nothing could be scored'}{ending}."


def before_after(report: Report | Mapping[str, Any], *benchmarks: str) -> Figure:
    """One panel a benchmark, those named or all, of an evaluation's report or manifest.

    Dots are scores, lines their 95 % intervals; the dashed line is what guessing gets among four choices.
    """
    manifest = report.manifest if isinstance(report, Report) else report
    found = [_benchmark(each) for name, each in manifest["benchmarks"].items() if not benchmarks or name in benchmarks]
    if not found:
        return nothing("Nothing has been asked yet.")
    heights = tuple(_ROW * len(each.rows) + _AROUND for each in found)
    caption = " ".join([*(each.sentence() for each in found), "Lines are 95 % intervals."])
    return draw(Grid(sum(heights), len(found), ratios=heights), lambda panels: _paint(panels, found), caption)


def _benchmark(found: Mapping[str, Any]) -> _Benchmark:
    names = short_leaves(list(found["leaves"]))
    leaves = [(names[leaf], models) for leaf, models in found["leaves"].items()]
    scale = found["scale"]
    return _Benchmark(found["title"], scale["low"], scale["high"], scale["chance"], found, leaves)


def _scored(models: Mapping[str, Any], who: str) -> bool:
    return who in models and models[who]["score"] is not None


def _paint(panels: Sequence["Axes"], found: Sequence[_Benchmark]) -> None:
    for number, (panel, each) in enumerate(zip(panels, found, strict=True)):
        _panel(panel, each)
        if number == 0:
            _legend(panel)


def _panel(panel: "Axes", each: _Benchmark) -> None:
    rows = each.rows
    for place, (_, models) in enumerate(rows):
        both = all(_scored(models, who) for who in _MARKS)
        for who in _MARKS:
            if _scored(models, who):
                _mark(panel, place + (_ASIDE[who] if both else 0), who, models[who])
        panel.text(
            1.015, place, each.change(models), transform=panel.get_yaxis_transform(), va="center",
            color=INK if "change" in models else QUIET,
        )  # fmt: skip
    if len(each.leaves) > 1:
        panel.axhline(len(rows) - 1.5, color=FAINT, linewidth=0.8)
    panel.set_title(each.title)
    panel.set_yticks(range(len(rows)), [name for name, _ in rows])
    panel.set_ylim(len(rows) - 0.5, -0.5)
    _scale(panel, each)


def _mark(panel: "Axes", height: float, who: str, score: Mapping[str, Any]) -> None:
    look = _MARKS[who]
    panel.plot(score["interval"], [height, height], color=look["color"], linewidth=1.6, alpha=0.75)
    panel.plot([score["score"]], [height], markersize=7.5, markeredgewidth=1.8, linestyle="none", clip_on=False, **look)


def _scale(panel: "Axes", each: _Benchmark) -> None:
    room = (each.high - each.low) * 0.02
    panel.set_xlim(each.low - room, each.high + room)
    ticks = _ticks(each)
    panel.set_xticks(list(ticks), list(ticks.values()))
    for tick in ticks:
        if tick == each.chance:
            panel.axvline(tick, color=QUIET, linewidth=1.2, linestyle=(0, (3, 3)), zorder=0)
        else:
            panel.axvline(tick, color=FAINT, linewidth=0.7, zorder=0)
    panel.tick_params(length=0)
    panel.spines["left"].set_visible(False)
    panel.spines["bottom"].set_visible(False)


def _ticks(each: _Benchmark) -> dict[float, str]:
    if each.high != 1:
        return {place: f"{place}, the best" if place == each.high else str(place) for place in range(1, 11)}
    ticks = {place / 4: str(25 * place) for place in range(4)} | {1.0: "100 % right"}
    return ticks if each.chance is None else ticks | {each.chance: f"{100 * each.chance:.0f}, guessing"}


def _legend(panel: "Axes") -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linewidth=1.6, markersize=7.5, markeredgewidth=1.8, label=f"{who} model", **look)
        for who, look in _MARKS.items()
    ]
    panel.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2)
