"""The loss of each training phase, step by step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from workbench.events import Event
from workbench.plots.figure import Figure, Grid, draw, nothing
from workbench.plots.style import BLUE, ORANGE, PALE_BLUE, QUIET
from workbench.plots.wording import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TITLES = {"phase_1": "Phase 1: knowledge", "phase_2": "Phase 2: skills"}
_HEIGHT = 3.3
_REACH = 40
_LEAST_APART = 0.055


@dataclass
class _Curve:
    stage: str
    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)
    learns: str = ""
    peak: float = 0.0
    readings: list[Event] = field(default_factory=list)

    @property
    def title(self) -> str:
        plain = self.stage.replace("_", " ").capitalize()
        return f"{plain}: {self.learns}" if self.learns else _TITLES.get(self.stage, plain)

    def add(self, event: Event) -> None:
        """Steps that a later attempt goes over again take the place of the earlier ones."""
        while self.steps and self.steps[-1] >= event["step"]:
            self.steps.pop()
            self.losses.pop()
            self.readings.pop()
        self.steps.append(event["step"])
        self.losses.append(event["loss"])
        self.readings.append(event)

    def validate(self, event: Event) -> None:
        """As with the steps, what is measured again counts once."""
        while self.held_out and self.held_out[-1][0] >= event["step"]:
            self.held_out.pop()
        self.held_out.append((event["step"], event["validation_loss"]))

    @cached_property
    def smooth(self) -> list[float]:
        """Means over about a twentieth of the steps around each one, over fewer at the beginning, where loss falls."""
        reach, last = len(self.losses) // _REACH, len(self.losses)
        sums = [0.0, *accumulate(self.losses)]
        spans = [(max(0, place - min(reach, place)), min(last, place + min(reach, place) + 1)) for place in range(last)]
        return [(sums[end] - sums[start]) / (end - start) for start, end in spans]

    def sentence(self) -> str:
        said = f"{self.title}: from {self.losses[0]:.2f} to {self.smooth[-1]:.2f} in {count(self.steps[-1], 'step')}"
        if self.held_out:
            best = min(loss for _, loss in self.held_out)
            said += f", on held-out rows {self.held_out[-1][1]:.2f} in the end and {best:.2f} at best"
        return f"{said}{self._speed()}."

    def _speed(self) -> str:
        """Of the step in the middle, where the events say it: the first ones of a training are slower."""
        said = ""
        if speeds := sorted(event["tokens_per_second"] for event in self.readings if "tokens_per_second" in event):
            said += f"; {speeds[len(speeds) // 2]:,.0f} tokens a second"
        if shares := sorted(event["mfu"] for event in self.readings if "mfu" in event):
            said += f", {shares[len(shares) // 2]:.0%} of {self._peak()}".replace("%", " %")
        if memory := max((event.get("memory_peak", 0) for event in self.readings), default=0):
            said += f"; at most {memory / (1 << 30):.1f} GiB of memory"
        return said

    def _peak(self) -> str:
        flops = self.peak / 1e9
        named = f"{flops / 1000:,.0f} TFLOP/s" if flops >= 10_000 else f"{flops:,.0f} GFLOP/s"
        return f"the peak of {named}" if flops else "the peak"


def loss_curves(events: Iterable[Event]) -> Figure:
    """Loss in nats a token by step, one panel a phase, on one scale; events without a `loss` are left out.

    `validation_loss` in an event adds what held-out rows gave at that step. The thick line is a local mean. An event
    that says what a phase `learns` gives its panel a name.
    """
    curves = _curves(events)
    if not curves:
        return nothing("No loss has been recorded yet.")
    shown = "Loss a token; the thick line is the mean of the steps around."
    caption = " ".join([shown, *(curve.sentence() for curve in curves)])
    return draw(Grid(_HEIGHT, columns=len(curves), share_y=True), lambda panels: _paint(panels, curves), caption)


def _curves(events: Iterable[Event]) -> list[_Curve]:
    found: dict[str, _Curve] = {}
    for event in events:
        if not {"loss", "validation_loss", "learns"} & event.keys():
            continue
        curve = found.setdefault(event["stage"], _Curve(event["stage"]))
        if "learns" in event:
            curve.learns, curve.peak = event["learns"].partition(",")[0], event.get("peak_flops", 0.0)
        if "loss" in event:
            curve.add(event)
        if "validation_loss" in event:
            curve.validate(event)
    return [curve for curve in found.values() if curve.losses]


def _paint(panels: Sequence["Axes"], curves: Sequence[_Curve]) -> None:
    top = 1.05 * max(max(curve.losses) for curve in curves)
    for panel, curve in zip(panels, curves, strict=True):
        panel.plot(curve.steps, curve.losses, color=PALE_BLUE, linewidth=0.8)
        panel.plot(curve.steps, curve.smooth, color=BLUE, linewidth=2.0)
        if curve.held_out:
            _held_out(panel, curve)
        _ends(panel, curve, top)
        panel.set_title(curve.title)
        panel.set_xlabel("step")
        panel.set_xlim(0, curve.steps[-1])
        panel.set_ylim(0, top)
        panel.grid(axis="y")
        panel.tick_params(length=0)
        panel.locator_params(axis="x", integer=True, nbins=7)
    panels[0].set_ylabel("loss, nats a token")
    panels[0].tick_params(axis="y", labelcolor=QUIET)


def _held_out(panel: "Axes", curve: _Curve) -> None:
    steps, losses = zip(*curve.held_out, strict=True)
    dashes = (0, (4, 2))
    panel.plot(steps, losses, color=ORANGE, linewidth=1.4, linestyle=dashes, marker="o", markersize=4, clip_on=False)
    place = (steps[0], losses[0])
    panel.annotate("held-out rows", place, (8, 4), textcoords="offset points", color=ORANGE, fontsize="small")


def _ends(panel: "Axes", curve: _Curve, top: float) -> None:
    """The last values at the right margin, moved apart where they would cover each other."""
    own, other = curve.smooth[-1], curve.held_out[-1][1] if curve.held_out else None
    shown = [(own, own, BLUE)]
    if other is not None:
        room = max(0.0, _LEAST_APART * top - abs(other - own)) / 2
        room = room if other >= own else -room
        shown = [(own, own - room, BLUE), (other, other + room, ORANGE)]
    for value, height, colour in shown:
        text = f"{value:.2f}"
        panel.text(
            1.015, height, text, transform=panel.get_yaxis_transform(), va="center", color=colour, fontweight="bold"
        )
