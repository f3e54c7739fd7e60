"""The pictures that are kept with a run, made as soon as its results are there."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from workbench.evaluation.course import Course
from workbench.evaluation.learning import Learning
from workbench.evaluation.report import Report
from workbench.events import read_events
from workbench.plots.answers import before_after
from workbench.plots.course import phases
from workbench.plots.figure import Figure
from workbench.plots.flowchart import flow_diagram
from workbench.plots.learning import learning
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
    """`loss` in the run's Artifacts, as PNG and SVG; in its `Eval/` `phases` where checkpoints were asked something,
    and `learning`, `scores` and `report.html` where the end was."""
    loss_curves(read_events(run.events)).save(run.artifacts, "loss")
    course = _course(run, manifest)
    if "evaluation" in manifest:
        report = Report(manifest["evaluation"], run.artifacts / "evaluation")
        _draw_scores(run.name, run.folder / "Eval", report, course)


def draw_evaluation(run: Run, manifest: Mapping[str, Any]) -> None:
    """`learning` and `scores` in the run's Artifacts, as PNG and SVG, and `report.html` with these and all tables.

    Where checkpoints of a trained run were evaluated, `phases` in its `Eval/` as well.
    """
    trained = _trained(run, manifest)
    course = _course(trained, trained.manifest) if trained else []
    _draw_scores(run.name, run.artifacts, Report(manifest, run.artifacts), course)


def _course(trained: Run, manifest: Mapping[str, Any]) -> list[Figure]:
    """The picture of the phases, where checkpoints were asked something."""
    course = Course(trained, manifest)
    if not course.curves:
        return []
    picture = phases(course)
    picture.save(trained.folder / "Eval", "phases")
    return [picture]


def _draw_scores(name: str, folder: Path, report: Report, course: Sequence[Figure]) -> None:
    scores, proof = before_after(report.manifest), Learning.read(report.manifest)
    scores.save(folder, "scores")
    if proof.leaves:
        learning(proof).save(folder, "learning")
    parts = [proof._repr_html_(), *(picture._repr_html_() for picture in (scores, *course)), report._repr_html_()]
    write_text(folder / "report.html", _page(f"{name}: evaluation", parts))


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
