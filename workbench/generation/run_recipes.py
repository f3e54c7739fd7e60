"""The recipes of a run: its training rows leaf by leaf, and which of them make which training file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.generation.mixing import Parts
from workbench.generation.recipes import Dataset, Recipe, write_recipe
from workbench.records import write_text

Record = dict[str, Any]
FOLDER = "recipes"
_ABOUT = (
    "What {file} is mixed from. Paths are seen from this file's folder; sampling_size is a share of the rows,\n"
    "or a number of them. Take it over with: workbench data import --{phase}-paths {phase}.yaml"
)


def write_recipes(folder: Path, parts: Parts, system_prompt: str) -> None:
    """`recipes/knowledge.yaml`, `recipes/skills.yaml`, and the rows that they name in `recipes/datasets/`."""
    knowledge = _datasets(folder, parts.knowledge)
    skills = _datasets(folder, parts.skills)
    replay = _named(folder, "replay", parts.replay)
    precomputed = _named(folder, "precomputed", parts.precomputed)
    rows = len(parts.knowledge)
    share = parts.knowledge_in_phase_2 / rows if rows else 1.0
    again = [Dataset(one.path, round(share, 6)) for one in knowledge]
    for phase, datasets in (
        ("knowledge", [*knowledge, *replay] if knowledge else []),
        ("skills", [*skills, *again, *replay, *precomputed]),
    ):
        if datasets:
            recipe = Recipe(tuple(datasets), system_prompt)
            about = _ABOUT.format(file=f"{phase}_train_msgs.jsonl", phase=phase)
            write_recipe(folder / FOLDER / f"{phase}.yaml", recipe, about)


def _datasets(folder: Path, rows: Sequence[Record]) -> list[Dataset]:
    """One for each leaf, in folders that mirror the taxonomy."""
    leaves: dict[str, list[Record]] = {}
    for row in rows:
        leaves.setdefault(json.loads(row["metadata"])["leaf"], []).append(row)
    return [dataset for leaf in sorted(leaves) for dataset in _named(folder, leaf, leaves[leaf])]


def _named(folder: Path, name: str, rows: Sequence[Record]) -> list[Dataset]:
    path = folder / FOLDER / "datasets" / f"{name}.jsonl"
    if not rows:
        path.unlink(missing_ok=True)
        return []
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return [Dataset(path)]
