"""The pictures that are kept with a run, made as soon as its results are there."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from workbench.evaluation.course import Course
from workbench.evaluation.report import Report
from workbench.events import read_events
from workbench.plots.answers import before_after
from workbench.plots.course import phases
from workbench.plots.flowchart import flow_diagram
from workbench.plots.losses import loss_curves
from workbench.plots.sieve import funnel
from workbench.records import read_json, write_text
from workbench.runs import Run
from workbench.workspace import Workspace

# The pictures are on paper also where the page is dark.
_STYLE = (
    ":root{color-scheme:light dark}body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1.5rem 0}td,th{padding:.2rem .8rem .2rem 0;vertical-align:top}"
    "caption{font-weight:bold;text-align:left}"
)


def draw_generation(run: Run, manifest: Mapping[str, Any]) -> None:
    """`flow` and `funnel` in the run's Artifacts, as PNG and SVG; a run that only took rows over followed no flow."""
    funnel(manifest).save(run.artifacts, "funnel")
    if _outline(run).is_file():
        flow_diagram(run_flow(run), manifest).save(run.artifacts, "flow")


def draw_training(run: Run, manifest: Mapping[str, Any]) -> None:
    """`loss` in the run's Artifacts, as PNG and SVG."""
    loss_curves(read_events(run.events)).save(run.artifacts, "loss")


def draw_evaluation(run: Run, manifest: Mapping[str, Any]) -> None:
    """`scores` in the run's Artifacts, as PNG and SVG, and `report.html` with the same and all tables.

    Where checkpoints of a trained run were evaluated, `phases` in its `Eval/` as well.
    """
    pictures, scores = [], before_after(manifest)
    scores.save(run.artifacts, "scores")
    if trained := _trained(run, manifest):
        course = Course(trained)
        if course.curves:
            pictures = [phases(course)]
            pictures[0].save(trained.folder / "Eval", "phases")
    report = Report(manifest, run.artifacts)
    parts = [*(picture._repr_html_() for picture in (scores, *pictures)), report._repr_html_()]
    write_text(run.artifacts / "report.html", _page(f"{run.name}: evaluation", parts))


def _trained(run: Run, manifest: Mapping[str, Any]) -> Run | None:
    """The trained run that was evaluated; None for other models, and when it was deleted meanwhile."""
    of = manifest.get("trained_run")
    runs = Workspace(run.folder.parents[1]).runs("trained_models") if of else []
    return next((one for one in runs if one.id == of["id"] and one.done), None) if of else None


def _page(title: str, parts: Sequence[str]) -> str:
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{_STYLE}</style>"
    body = f"<h1>{escape(title)}</h1>{''.join(parts)}"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>\n"


def run_flow(run: Run) -> dict[str, Any]:
    """The outline of the flow that a data run followed, as it was then."""
    return dict(read_json(_outline(run)))


def _outline(run: Run) -> Path:
    return run.artifacts / "flow.json"
