"""Which flow a run follows, why, and what belongs to that flow."""

from pathlib import Path

from workbench.assets import assets_folder
from workbench.engines.catalogue import find_entry
from workbench.generation.flow import Flow
from workbench.generation.options import GenerationOptions

_REPLAYS = {"compact": "seedling-base.jsonl"}


def choose_flow(options: GenerationOptions) -> tuple[str, str]:
    """The flow's name or path, and why it was taken."""
    if options.pipeline != "auto":
        return options.pipeline, "it was asked for"
    entry = find_entry(options.model)
    if entry is None:
        return "simple", f"{options.model} is not in the catalogue, and a simple flow suits any instructed model"
    return entry.flow, f"the catalogue names it for {entry.name}"


def replay_file(flow: Flow) -> Path | None:
    """Rows of the embedded student's own schooling, where the flow is meant for it."""
    name = _REPLAYS.get(flow.name)
    path = assets_folder() / "replay" / name if name else None
    return path if path and path.is_file() else None
