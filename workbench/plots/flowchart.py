"""A flow as a diagram: its stages in order, who answers each, and how many samples went which way."""

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.generation.flow import Flow
from workbench.generation.summary import flow_outline
from workbench.plots.figure import Figure, Grid, draw, nothing
from workbench.plots.style import BLUE, INK, ORANGE, PALE_BLUE, PALE_ORANGE, PAPER, QUIET, WIDTH
from workbench.plots.wording import count, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KINDS = ("knowledge", "freeform", "grounded")
_SIEVE = "near_duplicate"
# In inches, which are the panel's units: a step down, a box, the space around the whole.
_STEP, _BOX, _TOP, _BOTTOM = 0.86, 0.44, 0.55, 0.5
_BOX_SHARE, _ASIDE, _MARGIN, _WIDEST = 0.47, 0.14, 0.03, 4.5
_LETTER, _SMALL = 0.082, 0.068
# Fill, edge, roundness of corners, and what stands below the name: no role is told by colour alone.
_LOOKS = {
    "teacher": (PALE_BLUE, BLUE, 0.0, "teacher writes"),
    "critic": (PALE_ORANGE, ORANGE, 0.12, "critic judges"),
    "": (PAPER, QUIET, 0.0, ""),
}
_COMPARED = "compared by words"


@dataclass(frozen=True)
class _Box:
    """A stage with its line of the funnel, if samples were counted; `does` says what happens where nobody is asked."""

    name: str
    role: str
    does: str
    line: Mapping[str, Any] | None


@dataclass(frozen=True)
class _Lane:
    """The stages for one kind of leaf; `ends` says where kept samples went."""

    title: str
    boxes: list[_Box]
    made: int | None
    ends: str


def flow_diagram(flow: Flow | Mapping[str, Any], manifest: Mapping[str, Any] | None = None, leaf: str = "") -> Figure:
    """Boxes for the stages from top to bottom, one lane for each kind of leaf; a flow, or the outline of one.

    With a data run's manifest the arrows bear the counts of its leaves, or of the one `leaf`: what came to a stage goes
    down, what was rejected or failed goes aside with the most frequent reasons.
    """
    outline = flow_outline(flow) if isinstance(flow, Flow) else flow
    stages: Mapping[str, Sequence[Mapping[str, Any]]] = outline["stages"]
    leaves = [one for one in (manifest or {}).get("leaves", []) if leaf in ("", one["path"])]
    kinds = [kind for kind in _KINDS if kind in stages and (not leaves or _of(leaves, kind))]
    if not kinds:
        return nothing(f"The flow {outline['name']} has no stages for leaves of a taxonomy.")
    lanes = [_lane(kind, stages[kind], _of(leaves, kind)) for kind in kinds]
    height = _TOP + _STEP * max(len(lane.boxes) for lane in lanes) + _BOTTOM
    return draw(Grid(height), lambda panels: _paint(panels[0], lanes, height), _caption(outline["name"], lanes, leaf))


def _of(leaves: Sequence[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    return [leaf for leaf in leaves if leaf["kind"] == kind]


def _lane(kind: str, stages: Sequence[Mapping[str, Any]], leaves: Sequence[Mapping[str, Any]]) -> _Lane:
    lines = _sum(leaves)
    boxes = [_box(stage, lines.get(stage["name"])) for stage in stages]
    boxes.append(_Box("near-duplicates", "", _COMPARED, lines.get(_SIEVE)))
    if not leaves:
        return _Lane(f"{kind} leaves", boxes, None, "kept")
    total = {name: sum(leaf[name] for leaf in leaves) for name in ("made", "kept", "mixed", "heldout")}
    ends = f"{total['kept']:,} kept: {total['mixed']:,} to train on, {total['heldout']:,} held out"
    return _Lane(count(len(leaves), f"{kind} leaf", f"{kind} leaves"), boxes, total["made"], ends)


def _box(stage: Mapping[str, Any], line: Mapping[str, Any] | None) -> _Box:
    return _Box(stage["name"], stage["role"], _LOOKS[stage["role"]][-1] or stage["does"], line)


def _sum(leaves: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The lines of the leaves' funnels by stage, added up."""
    sums: dict[str, dict[str, Any]] = {}
    for line in (line for leaf in leaves for line in leaf["funnel"]):
        added = sums.setdefault(line["stage"], {"in": 0, "passed": 0, "rejected": 0, "failed": 0, "reasons": Counter()})
        for name in ("in", "passed", "rejected", "failed"):
            added[name] += line[name]
        added["reasons"].update(line["reasons"])
    return sums


def _caption(name: str, lanes: Sequence[_Lane], leaf: str) -> str:
    said = f"The flow {name}"
    said += f" for {leaf}" if leaf else ""
    if lanes[0].made is None:
        ways = [f"{lane.title} pass {count(len(lane.boxes) - 1, 'stage')}" for lane in lanes]
        return f"{said}: {listed(ways)}. Blue boxes are written by the teacher, orange ones judged by the critic."
    made = sum(lane.made or 0 for lane in lanes)
    lost = [(box.line["rejected"] + box.line["failed"], box) for lane in lanes for box in lane.boxes if box.line]
    most, box = max(lost, key=lambda each: each[0])
    kept = made - sum(number for number, _ in lost)
    worst = f" Most were lost at {_words(box.name)}: {most:,}." if most else ""
    return (
        f"{said}: of {count(made, 'sample')} made, {kept:,} passed every stage.{worst} What goes down was passed on, "
        "what goes aside was rejected or failed."
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _paint(panel: "Axes", lanes: Sequence[_Lane], height: float) -> None:
    panel.set_axis_off()
    panel.set_xlim(0, WIDTH)
    panel.set_ylim(height, 0)
    width = WIDTH / len(lanes)
    for number, lane in enumerate(lanes):
        _paint_lane(panel, lane, number * width + _MARGIN, min(width, _WIDEST) - _MARGIN)


def _paint_lane(panel: "Axes", lane: _Lane, left: float, width: float) -> None:
    box_width = width * _BOX_SHARE
    middle = left + box_width / 2
    panel.text(left, 0.18, lane.title, fontweight="bold", va="center", color=INK)
    for place, box in enumerate(lane.boxes):
        top = _TOP + place * _STEP
        number = "" if box.line is None else f"{box.line['in']:,}" + ("" if place else " made")
        _arrow(panel, (middle, top - (_STEP - _BOX if place else 0.2)), (middle, top))
        panel.text(middle + 0.08, top - 0.2 if place else top - 0.12, number, va="center", color=INK, fontsize="small")
        _paint_box(panel, box, (left, top), box_width)
        if box.line is not None:
            _paint_lost(panel, box.line, (left + box_width, top + _BOX / 2), width - box_width)
    last = _TOP + len(lane.boxes) * _STEP
    _arrow(panel, (middle, last - (_STEP - _BOX)), (middle, last - 0.08))
    panel.text(left, last + 0.1, lane.ends, va="center", fontweight="bold", color=INK, fontsize="small")


def _paint_box(panel: "Axes", box: _Box, corner: tuple[float, float], width: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    fill, edge, round_by, _ = _LOOKS[box.role]
    style = f"round,pad=0,rounding_size={round_by}" if round_by else "square,pad=0"
    panel.add_patch(FancyBboxPatch(corner, width, _BOX, boxstyle=style, facecolor=fill, edgecolor=edge, linewidth=1.2))
    name = textwrap.shorten(_words(box.name), max(8, int(width / _LETTER)), placeholder="…")
    does = textwrap.shorten(box.does, max(8, int(width / _SMALL)), placeholder="…")
    middle, top = corner[0] + width / 2, corner[1]
    panel.text(middle, top + 0.15, name, ha="center", va="center", color=INK, fontweight="bold")
    panel.text(middle, top + 0.32, does, ha="center", va="center", color=QUIET, fontsize="small")


def _paint_lost(panel: "Axes", line: Mapping[str, Any], start: tuple[float, float], room: float) -> None:
    """An arrow to the side with how many were lost there and why; nothing where all passed."""
    said = [f"{line[way]:,} {way}" for way in ("rejected", "failed") if line[way]]
    if not said:
        return
    across, down = start
    _arrow(panel, start, (across + _ASIDE, down))
    letters = max(10, int((room - _ASIDE - 0.12) / _SMALL))
    reasons = [f"{number:,} {reason}" for reason, number in line["reasons"].most_common(2)]
    lines = [", ".join(said)] if len(", ".join(said)) <= letters else said
    bold = len(lines)
    lines += [textwrap.shorten(reason, letters, placeholder="…") for reason in reasons]
    for place, text in enumerate(lines):
        panel.text(
            across + _ASIDE + 0.06, down + 0.15 * (place - (len(lines) - 1) / 2), text, va="center", fontsize="small",
            color=ORANGE if place < bold else QUIET,
        )  # fmt: skip


def _arrow(panel: "Axes", start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "color": QUIET, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 9}
    panel.annotate("", end, start, arrowprops=style)
