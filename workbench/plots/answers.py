"""Base against trained model, leaf by leaf."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.evaluation.lines import leaf_lines, verdict, whole_lines
from workbench.evaluation.report import Report
from workbench.evaluation.scores import SAME
from workbench.plots.figure import Figure, Grid, draw, nothing
from workbench.plots.style import AFTER, BEFORE, FAINT, INK, PAPER, QUIET
from workbench.plots.wording import listed, short_leaves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW, _AROUND = 0.4, 0.85
_MANY, _DENSE = 16, 0.3
_Line = tuple[str, Mapping[str, Any], str]
_MARKS: dict[str, dict[str, Any]] = {
    "base": {"color": BEFORE, "marker": "o", "markerfacecolor": PAPER},
    "trained": {"color": AFTER, "marker": "o", "markerfacecolor": AFTER},
}
_ASIDE = {"base": -0.14, "trained": 0.14}


@dataclass(frozen=True)
class _Benchmark:
    """`leaves` and `wholes` are lines by the name that is shown, each with its verdict."""

    title: str
    low: float
    high: float
    chance: float | None
    found: Mapping[str, Any]
    leaves: list[_Line]
    wholes: list[_Line]

    @property
    def rows(self) -> list[_Line]:
        return [*self.leaves, *self.wholes]

    @property
    def step(self) -> float:
        """Inches from one line to the next."""
        return _ROW if len(self.rows) <= _MANY else _DENSE

    def shown(self, score: float) -> str:
        return f"{100 * score:.0f} %" if self.high == 1 else f"{score:.1f}"

    def change(self, line: _Line) -> str:
        """`31 % to 88 %, better`, or the score of the one model that has one."""
        _, models, verdict = line
        scores = {who: self.shown(models[who]["score"]) for who in _MARKS if _scored(models, who)}
        if len(scores) < len(_MARKS):
            only = verdict.split(":")[0] if ":" in verdict else ""
            return "".join(f"{score}, {only or f'{who} alone'}" for who, score in scores.items()) or "no score"
        return " \N{RIGHTWARDS ARROW} ".join(scores.values()) + f"  {verdict}"

    def sentence(self) -> str:
        parts = [
            f"{self.shown(self.found[who]['score'])} by the {who} model" for who in _MARKS if _scored(self.found, who)
        ]
        verdict = self.found.get("change", {}).get("verdict", "")
        ending = f" ({verdict})" if len(parts) == len(_MARKS) else ""
        return f"{self.title}: {listed(parts) or 'nothing could be scored'}{ending}.{self._by_leaf()}"

    def _by_leaf(self) -> str:
        """` Of 3 leaves 2 are better and 1 is the same within noise.`; nothing where there is one alone."""
        if len(self.leaves) < 2 or "change" not in self.found:
            return ""
        said = (verdict.split(":")[0] for _, _, verdict in self.leaves)
        counts = Counter(f"the {each}" if each == SAME else each for each in said)
        told = [f"{number} {'is' if number == 1 else 'are'} {verdict}" for verdict, number in counts.most_common()]
        return f" Of {len(self.leaves)} {'subjects' if 'set' in self.found else 'leaves'} {listed(told)}."


def before_after(report: Report | Mapping[str, Any], *benchmarks: str) -> Figure:
    """One panel a benchmark, those named or all, of an evaluation's report or manifest.

    Dots are scores, lines their 95 % intervals; the dashed line is what guessing gets among four choices.
    """
    manifest = report.manifest if isinstance(report, Report) else report
    found = [_benchmark(each) for name, each in manifest["benchmarks"].items() if not benchmarks or name in benchmarks]
    if not found:
        return nothing("Nothing has been asked yet.")
    heights = tuple(each.step * len(each.rows) + _AROUND for each in found)
    caption = " ".join([*(each.sentence() for each in found), "Lines are 95 % intervals."])
    return draw(Grid(sum(heights), len(found), ratios=heights), lambda panels: _paint(panels, found), caption)


def _benchmark(found: Mapping[str, Any]) -> _Benchmark:
    names = short_leaves(list(found["leaves"]))
    leaves = [(names[leaf], models, verdict(leaf, models, found)) for leaf, models in leaf_lines(found).items()]
    wholes = [(name, models, verdict(name, models, found)) for name, models in whole_lines(found).items()]
    scale = found["scale"]
    return _Benchmark(found["title"], scale["low"], scale["high"], scale["chance"], found, leaves, wholes)


def _scored(models: Mapping[str, Any], who: str) -> bool:
    return who in models and models[who]["score"] is not None


def _paint(panels: Sequence["Axes"], found: Sequence[_Benchmark]) -> None:
    for number, (panel, each) in enumerate(zip(panels, found, strict=True)):
        _panel(panel, each)
        if number == 0:
            _legend(panel)


def _panel(panel: "Axes", each: _Benchmark) -> None:
    rows = each.rows
    for place, line in enumerate(rows):
        models = line[1]
        both = all(_scored(models, who) for who in _MARKS)
        for who in _MARKS:
            if _scored(models, who):
                _mark(panel, place + (_ASIDE[who] if both else 0), who, models[who])
        panel.text(
            1.015, place, each.change(line), transform=panel.get_yaxis_transform(), va="center",
            color=INK if "change" in models else QUIET,
        )  # fmt: skip
    if each.wholes:
        panel.axhline(len(each.leaves) - 0.5, color=FAINT, linewidth=0.8)
    panel.set_title(each.title)
    panel.set_yticks(range(len(rows)), [name for name, _, _ in rows])
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
