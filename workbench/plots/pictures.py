"""The pictures that are kept with a run, made as soon as its results are there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.events import read_events
from workbench.plots.flowchart import flow_diagram
from workbench.plots.losses import loss_curves
from workbench.plots.sieve import funnel
from workbench.records import read_json
from workbench.runs import Run


def draw_generation(run: Run, manifest: Mapping[str, Any]) -> None:
    """`flow` and `funnel` in the run's Artifacts, as PNG and SVG; a run that only took rows over followed no flow."""
    funnel(manifest).save(run.artifacts, "funnel")
    if _outline(run).is_file():
        flow_diagram(run_flow(run), manifest).save(run.artifacts, "flow")


def draw_training(run: Run, manifest: Mapping[str, Any]) -> None:
    """`loss` in the run's Artifacts, as PNG and SVG."""
    loss_curves(read_events(run.events)).save(run.artifacts, "loss")


def run_flow(run: Run) -> dict[str, Any]:
    """The outline of the flow that a data run followed, as it was then."""
    return dict(read_json(_outline(run)))


def _outline(run: Run) -> Path:
    return run.artifacts / "flow.json"
