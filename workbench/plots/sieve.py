"""What became of the samples of each leaf: made, judged stage by stage, kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.plots.figure import Figure, Grid, draw, nothing
from workbench.plots.style import BEFORE, BLUE, INK, LIGHT_BLUE, PAPER, QUIET
from workbench.plots.wording import count, percent, short_leaves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAR, _AROUND = 0.23, 0.7
_COLUMNS = 2
_LAST = "near_duplicate"


@dataclass(frozen=True)
class _Sieve:
    """`steps` are names with how many samples were left behind them, from all that were made to those kept."""

    name: str
    kind: str
    asked: int
    steps: list[tuple[str, int]]

    @property
    def made(self) -> int:
        return self.steps[0][1]

    @property
    def kept(self) -> int:
        return self.steps[-1][1]


def funnel(manifest: Mapping[str, Any]) -> Figure:
    """One panel a leaf of a data run's manifest; a bar is what was left behind a stage, a line what was asked for."""
    leaves: Sequence[Mapping[str, Any]] = manifest.get("leaves", [])
    if not leaves:
        return nothing("Nothing has been generated yet.")
    names = short_leaves([leaf["path"] for leaf in leaves])
    sieves = [_sieve(leaf, names[leaf["path"]]) for leaf in leaves]
    columns = min(_COLUMNS, len(sieves))
    rows = -(-len(sieves) // columns)
    tallest = [max(len(each.steps) for each in sieves[row * columns :][:columns]) for row in range(rows)]
    grid = Grid(
        sum(_BAR * bars + _AROUND for bars in tallest), rows, columns,
        share_x=True, ratios=tuple(_BAR * bars + _AROUND for bars in tallest),
    )  # fmt: skip
    return draw(grid, lambda panels: _paint(panels, sieves), _caption(sieves))


def _sieve(leaf: Mapping[str, Any], name: str) -> _Sieve:
    """Every judging stage has a bar; any other one only where it lost a sample."""
    found = [line for line in leaf["funnel"] if line["judges"] or line["passed"] < line["in"]]
    steps = [(_words(line["stage"]), line["passed"]) for line in found]
    return _Sieve(name, leaf["kind"], leaf["asked"], [("made", leaf["made"]), *steps, ("kept", leaf["kept"])])


def _words(stage: str) -> str:
    return "no near-duplicate" if stage == _LAST else stage.replace("_", " ")


def _caption(sieves: Sequence[_Sieve]) -> str:
    made, kept, asked = (sum(getattr(each, name) for each in sieves) for name in ("made", "kept", "asked"))
    least = min(sieves, key=lambda each: each.kept / max(1, each.made))
    said = (
        f"Of {count(made, 'sample')} made for {count(len(sieves), 'leaf', 'leaves')}, {kept:,} were kept "
        f"({percent(kept / max(1, made))}); {asked:,} were asked for."
    )
    if len(sieves) > 1:
        said += f" The fewest passed in {least.name}: {least.kept:,} of {least.made:,}."
    return said + " A bar is what was left behind that stage, the dashed line what was asked for."


def _paint(panels: Sequence["Axes"], sieves: Sequence[_Sieve]) -> None:
    longest = max(max(each.made, each.asked) for each in sieves)
    columns = min(_COLUMNS, len(sieves))
    for number, (panel, sieve) in enumerate(zip(panels, sieves, strict=False)):
        beside = sieves[number - number % columns :][:columns]
        _panel(panel, sieve)
        panel.set_xlim(0, longest * 1.3)
        panel.set_ylim(max(len(each.steps) for each in beside) - 0.5, -0.5)
    for panel in panels[len(sieves) :]:
        panel.set_axis_off()


def _panel(panel: "Axes", sieve: _Sieve) -> None:
    last = len(sieve.steps) - 1
    colours = [BEFORE, *[LIGHT_BLUE] * (last - 1), BLUE]
    panel.barh(range(last + 1), [number for _, number in sieve.steps], height=0.64, color=colours)
    panel.plot([sieve.asked] * 2, [-0.5, last + 0.5], color=QUIET, linewidth=1.0, linestyle=(0, (3, 3)))
    before = sieve.made
    for place, (_, number) in enumerate(sieve.steps):
        _number(panel, place, number, before, bold=place in (0, last))
        before = number
    panel.set_title(sieve.name, pad=19)
    panel.annotate(
        f"{sieve.kind}, {sieve.asked:,} asked for", (0, 1), (0, 6), xycoords="axes fraction",
        textcoords="offset points", color=QUIET, fontsize="small",
    )  # fmt: skip
    panel.set_yticks(range(last + 1), [name for name, _ in sieve.steps])
    panel.set_xticks([])
    panel.tick_params(length=0)
    panel.spines["bottom"].set_visible(False)
    panel.spines["left"].set_bounds(-0.5, last + 0.5)


def _number(panel: "Axes", place: int, number: int, before: int, *, bold: bool) -> None:
    """What is left at the end of the bar, and what was lost; on paper, so that the dashed line stays out of it."""
    back = {"boxstyle": "square,pad=0.12", "facecolor": PAPER, "edgecolor": "none"}
    end = panel.annotate(
        f"{number:,}", (number, place), (4, 0), textcoords="offset points", va="center_baseline",
        color=INK, fontweight="bold" if bold else "normal", bbox=back,
    )  # fmt: skip
    if before > number:
        lost = f" \N{MINUS SIGN}{before - number:,}"
        panel.annotate(lost, (1, 0), xycoords=end, va="bottom", color=QUIET, fontsize="small", bbox=back, zorder=2.5)
