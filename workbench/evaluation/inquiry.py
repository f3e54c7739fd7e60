"""The artefacts of a data run, a training and an evaluation brought together: what was learned, and why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.engines.catalogue import resolve_folder
from workbench.errors import WorkbenchError
from workbench.evaluation.benchmarks import WHO
from workbench.evaluation.causes import Pupil, Rehearsal, Training, find_cause
from workbench.evaluation.coverage import Asked, Coverage
from workbench.evaluation.descent import descent
from workbench.evaluation.drift import drift
from workbench.evaluation.journal import Row, read_rows
from workbench.evaluation.lessons import Lesson, read_lessons, training_files
from workbench.evaluation.models import Models
from workbench.evaluation.verdicts import Item, LeafLearning, judge_leaf, read_items
from workbench.events import read_events
from workbench.runs import Run
from workbench.training.layout import ChatTemplate
from workbench.training.rows import load_tokenizer
from workbench.workspace import Workspace

Record = dict[str, Any]
_NOTHING = "None of the causes that can be measured explains it."
_NOT_REHEARSED = f"{_NOTHING} The model was not asked its training rows: evaluate it with the benchmark rows as well."
_NO_RUN = "The model is no run of this workspace: its training data, losses and options are not known here."
_CHECKPOINT = "A checkpoint in the middle of a training has not seen all of it: the causes are told for the whole run."


@dataclass(frozen=True)
class Examinee:
    """Whose learning is told: the models, and of the trained run what its `manifest` says, or will say once it is done;
    without one no causes are told."""

    models: Models
    workspace: Workspace
    manifest: Mapping[str, Any] | None

    @classmethod
    def of(cls, models: Models, workspace: Workspace) -> "Examinee":
        return cls(models, workspace, models.run.manifest if models.run and models.run.done else None)


def learning_record(examinee: Examinee, artifacts: Path, results: Mapping[str, Any]) -> Record:
    """`leaves` with verdict, figures by kind of question and cause, the `general` set's change, and in `unknown` why no
    causes are told. Everything is read from files; what is missing is said and stops nothing."""
    items = read_items(artifacts)
    leaves = [
        found
        for leaf in sorted({item.leaf for item in items})
        if (found := judge_leaf(leaf, [item for item in items if item.leaf == leaf]))
    ]
    open_leaves = [each for each in leaves if each.lacking]
    unknown = ""
    if open_leaves:
        explained, unknown = _explained(open_leaves, items, examinee, artifacts)
        leaves = [explained.get(each.leaf, each) for each in leaves]
    return {
        "leaves": {each.leaf: each.record() for each in leaves},
        "general": _general(results),
        "rehearsal": _rehearsal(results),
        "unknown": unknown,
        "missing": _missing(items, results),
    }


def _explained(
    leaves: Sequence[LeafLearning], items: Sequence[Item], examinee: Examinee, artifacts: Path
) -> tuple[dict[str, LeafLearning], str]:
    """The leaves with their causes, or why there are none."""
    run, manifest = examinee.models.run, examinee.manifest
    if run is None or manifest is None:
        return {}, _NO_RUN
    if examinee.models.checkpoint:
        return {}, _CHECKPOINT
    try:
        files = training_files(run.inputs, manifest, examinee.workspace)
        base = _base(manifest, examinee.workspace)
        lessons = read_lessons(files, load_tokenizer(base), run.options)
        training = _training(run, base, manifest, examinee)
    except WorkbenchError as error:
        return {}, f"No causes can be told: {error.message}."
    coverage = Coverage(lessons)
    found: dict[str, LeafLearning] = {}
    for each in leaves:
        pupil = _pupil(each.leaf, items, lessons, artifacts)
        cause = find_cause(pupil, coverage, training)
        told = "" if cause else _NOTHING if pupil.rehearsal.asked else _NOT_REHEARSED
        found[each.leaf] = replace(each, cause=cause, unexplained=told)
    return found, ""


def _pupil(leaf: str, items: Sequence[Item], lessons: Sequence[Lesson], artifacts: Path) -> Pupil:
    """Of training files without leaves all rows count for every leaf."""
    own = [lesson for lesson in lessons if lesson.leaf == leaf]
    own = own or [lesson for lesson in lessons if lesson.leaf.startswith("file ")]
    names, left_out = {lesson.leaf for lesson in own}, {lesson.asked for lesson in own if lesson.left_out}
    base, trained = (read_rows(artifacts / f"rows_{who}.jsonl") for who in WHO)
    known = {key for key, row in base.items() if row.get("right")}
    said = [
        row for row in trained.values() if row["leaf"] in names and "right" in row and row["question"] not in left_out
    ]
    return Pupil(
        leaf=leaf,
        skill=not leaf.startswith("knowledge"),
        lessons=own,
        asked=[
            Asked(item.asked, item.expected, item.said, bool(item.trained))
            for item in items
            if item.leaf == leaf and item.trained is not None
        ],
        rehearsal=_rehearsed(said),
        new_rows=_rehearsed([row for row in said if (row["leaf"], row["id"]) not in known]),
    )


def _rehearsed(rows: Sequence[Row]) -> Rehearsal:
    return Rehearsal(sum(bool(row["right"]) for row in rows), len(rows))


def _training(run: Run, base: Path, manifest: Mapping[str, Any], examinee: Examinee) -> Training:
    events = read_events(run.events)
    courses = {}
    for phase in manifest.get("phases", []):
        # An option that nobody gave stands as None; what took its place is in the record of newer runs.
        rate = float(phase.get("learning_rate") or run.options.get(f"phase_{phase['phase']}_learning_rate") or 0.0)
        if course := descent(events, phase, rate):
            courses[int(phase["phase"])] = course
    asked = Path(examinee.models.trained.model)
    return Training(
        options=run.options,
        descents=courses,
        drift=drift(base, run.folder / str(manifest.get("model", "Model"))),
        changed_template=_changed(base, asked) if asked.is_dir() else "",
        asked_for=_asked_for(manifest, examinee.workspace),
        from_file="files" in manifest.get("data", {}),
    )


def _changed(base: Path, asked: Path) -> str:
    """How the model is asked and how it was trained, where that is not the same."""
    question = [{"role": "user", "content": "Who?"}]
    trained, now = (ChatTemplate(load_tokenizer(folder)).render(question, prompt=True) for folder in (base, asked))
    return "" if trained == now else f"{now!r} instead of {trained!r}"


def _asked_for(manifest: Mapping[str, Any], workspace: Workspace) -> dict[str, int]:
    source = manifest.get("data", {}).get("id", "")
    leaves = workspace.get("synthetic_data", source).manifest.get("leaves", []) if source else []
    return {str(leaf["path"]): int(leaf["asked"]) for leaf in leaves if leaf.get("asked")}


def _base(manifest: Mapping[str, Any], workspace: Workspace) -> Path:
    return resolve_folder(str(workspace.resolve(str(manifest["base_model"]))), workspace.models)


def _general(results: Mapping[str, Any]) -> Record | None:
    """What the general questions say of what was forgotten."""
    found = results.get("mmlu")
    if not found or "change" not in found:
        return None
    whole = {name: found[name] for name in ("title", "change")} | {
        who: found[who]["score"] for who in ("base", "trained")
    }
    worse = [name for name, each in found["leaves"].items() if each.get("change", {}).get("verdict") == "worse"]
    return whole | {"worse": worse, "subjects": len(found["leaves"])}


def _rehearsal(results: Mapping[str, Any]) -> Record:
    """How much of its own training rows each model says, by leaf."""
    leaves = results.get("rows", {}).get("leaves", {})
    return {
        leaf: {who: found[who]["score"] for who in ("base", "trained") if who in found}
        for leaf, found in leaves.items()
    }


def _missing(items: Sequence[Item], results: Mapping[str, Any]) -> str:
    if items:
        return ""
    asked = ", ".join(results)
    return f"No question about a leaf has been asked with a right answer to compare: only {asked}."
