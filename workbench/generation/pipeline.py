"""Which flow a run follows, why, and what belongs to that flow."""

from pathlib import Path

from workbench.assets import assets_folder
from workbench.engines.catalogue import Entry, find_entry
from workbench.errors import OptionsError
from workbench.generation.flow import Flow, flow_names
from workbench.generation.options import GenerationOptions

_REPLAYS = {"compact": "seedling-base.jsonl"}


def choose_flow(options: GenerationOptions) -> tuple[str, str]:
    """The flow's name or path, and why it was taken.

    OptionsError where it cannot work: an embedded teacher knows no flow but its own, and teaches no other students.
    """
    entry = find_entry(options.model)
    if entry:
        _check_flow(options, entry)
        _check_student(options, entry)
    if options.pipeline != "auto":
        return options.pipeline, "it was asked for"
    if entry is None:
        return "simple", f"{options.model} is not in the catalogue, and a simple flow suits any instructed model"
    return entry.flow, f"the catalogue names it for {entry.name}"


def _check_flow(options: GenerationOptions, entry: Entry) -> None:
    if entry.embedded and options.pipeline in flow_names() and options.pipeline != entry.flow:
        raise OptionsError(
            f"{entry.name} cannot follow the flow {options.pipeline}: it knows the prompts of {entry.flow} alone",
            hint=f"leave pipeline at auto, take {entry.flow}, or take a larger model",
        )


def _check_student(options: GenerationOptions, entry: Entry) -> None:
    if options.student and not entry.suits(options.student):
        raise OptionsError(
            f"{options.student} cannot learn from what {entry.name} writes: they were not made for each other",
            hint=f"students of {entry.name}: {', '.join(entry.students)}; or take another teacher",
        )


def replay_file(flow: Flow) -> Path | None:
    """Rows of the embedded student's own schooling, where the flow is meant for it."""
    name = _REPLAYS.get(flow.name)
    path = assets_folder() / "replay" / name if name else None
    return path if path and path.is_file() else None
