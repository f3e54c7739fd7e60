"""How good a model was at each point of its training, as far as its checkpoints were evaluated."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.evaluation.options import BENCHMARKS
from workbench.records import read_json
from workbench.runs import Run
from workbench.taxonomy.markup import table

_HEADS = ("Questions", "Model", "Score", "95 % interval")
_TRAINED = "trained"


@dataclass(frozen=True)
class Point:
    """One model on one benchmark: the base, a checkpoint as `samples 320 of phase 1`, or the trained model; `chosen`
    are the checkpoints with which a phase ended."""

    model: str
    score: float
    interval: tuple[float, float]
    chosen: bool = False

    def cells(self, highest: float) -> tuple[str, str]:
        """The score and its interval as a table says them."""
        if highest == 1:
            return f"{100 * self.score:.0f} %", f"{100 * self.interval[0]:.0f} to {100 * self.interval[1]:.0f} %"
        return f"{self.score:.1f} of {highest:g}", f"{self.interval[0]:.1f} to {self.interval[1]:.1f}"


@dataclass(frozen=True)
class Curve:
    """The points of one benchmark in the order of training."""

    name: str
    title: str
    scale: Mapping[str, Any]
    points: tuple[Point, ...]

    def sentence(self) -> str:
        told = [
            f"{point.model}{', which was chosen,' * point.chosen} {point.cells(self.scale['high'])[0]}"
            for point in self.points
        ]
        return f"{self.title}: {', '.join(told)}."


class Course:
    """`curves` are those of the benchmarks that a checkpoint was asked; none where no checkpoint was evaluated, and
    none for a model that is no trained run. Of a run that is about to be done `manifest` is what it will say."""

    def __init__(self, run: Run | None, manifest: Mapping[str, Any] | None = None) -> None:
        self.curves: tuple[Curve, ...] = ()
        if run:
            self.curves = tuple(_curves(run, run.manifest if manifest is None else manifest))

    def __str__(self) -> str:
        return "\n".join(curve.sentence() for curve in self.curves)

    def _repr_html_(self) -> str:
        return table("Scores by checkpoint", _HEADS, self._rows())

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (curve.title, point.model + ", chosen" * point.chosen, *point.cells(curve.scale["high"]))
            for curve in self.curves
            for point in curve.points
        ]


def _curves(run: Run, manifest: Mapping[str, Any]) -> Iterator[Curve]:
    chosen = {_named(phase, phase["model"]) for phase in manifest.get("phases", []) if "model" in phase}
    for name in BENCHMARKS:
        files = _files(run.folder / "Eval", manifest.get("phases", []), name)
        found = {model: read_json(path) for model, path in files if path.is_file()}
        if not found.keys() - {_TRAINED}:
            continue
        last = next(reversed(found.values()))
        scores = {"base": last.get("base"), **{model: each["trained"] for model, each in found.items()}}
        points = (_point(model, score, model in chosen) for model, score in scores.items())
        yield Curve(name, last["title"], last["scale"], tuple(point for point in points if point))


def _files(folder: Path, phases: Sequence[Mapping[str, Any]], name: str) -> Iterator[tuple[str, Path]]:
    """Where each model's result would lie: the checkpoints in the order of their steps, then the trained model."""
    for phase in phases:
        for one in sorted(phase.get("checkpoints", []), key=lambda one: int(one["step"])):
            yield _named(phase, one["name"]), folder / f"phase_{phase['phase']}" / one["name"] / f"{name}.json"
    yield _TRAINED, folder / f"{name}.json"


def _named(phase: Mapping[str, Any], checkpoint: str) -> str:
    return f"{checkpoint.replace('_', ' ')} of phase {phase['phase']}"


def _point(model: str, score: Mapping[str, Any] | None, chosen: bool) -> Point | None:
    if not score or score["score"] is None:
        return None
    low, high = score["interval"]
    return Point(model, score["score"], (low, high), chosen)
