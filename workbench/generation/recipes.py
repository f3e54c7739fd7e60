"""Recipes: which files of rows a training file is mixed from, and how much of each, as YAML that people read and edit.

The keys are those of InstructLab: `datasets` with `path` (from the recipe's folder, unless absolute) and
`sampling_size` (a fraction of the rows, or a count), and `metadata.sys_prompt`.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from workbench.errors import NotFoundError, RecordError
from workbench.records import write_text

ENDINGS = (".yaml", ".yml")
_MOST_TIMES, _MOST_ROWS = 100.0, 10_000_000


@dataclass(frozen=True)
class Dataset:
    """`size` is a share of the rows where it is a float, their number where it is an int."""

    path: Path
    size: float | int = 1.0

    def count(self, rows: int) -> int:
        """How many rows are taken of so many."""
        return int(self.size * rows) if isinstance(self.size, float) else self.size


@dataclass(frozen=True)
class Recipe:
    """`system_prompt` is the first message of every row; empty leaves the rows as they are."""

    datasets: tuple[Dataset, ...]
    system_prompt: str = ""


def drawn(rows: Sequence[Any], size: int, rng: random.Random) -> list[Any]:
    """So many rows, in their order: none twice while another has not been taken once."""
    if not rows:
        return []
    whole, rest = divmod(size, len(rows))
    places = [place for place in range(len(rows)) for _ in range(whole)]
    places += rng.sample(range(len(rows)), rest)
    return [rows[place] for place in sorted(places)]


def read_recipe(path: Path) -> Recipe:
    """NotFoundError, or RecordError that names the entry that is wrong."""
    data = _loaded(path)
    entries = data.get("datasets")
    if not isinstance(entries, list) or not entries:
        hint = "it is a list of {path: FILE.jsonl, sampling_size: 1.0}"
        raise RecordError(f"{path}: `datasets` names no files", hint=hint)
    datasets = tuple(_dataset(entry, f"{path}: dataset {number}", path) for number, entry in enumerate(entries, 1))
    metadata = data.get("metadata") or {}
    prompt = (metadata.get("sys_prompt") or "") if isinstance(metadata, dict) else None
    if not isinstance(prompt, str):
        raise RecordError(f"{path}: `metadata.sys_prompt` is no text")
    return Recipe(datasets, prompt)


def write_recipe(path: Path, recipe: Recipe, about: str) -> None:
    """`about` becomes a comment above it; paths below the recipe's folder are written relative to it."""
    folder = path.parent
    entries = [
        {
            "path": one.path.relative_to(folder).as_posix() if one.path.is_relative_to(folder) else str(one.path),
            "sampling_size": one.size,
        }
        for one in recipe.datasets
    ]
    content = {"datasets": entries, "metadata": {"sys_prompt": recipe.system_prompt}}
    lines = "".join(f"# {line}\n" for line in about.splitlines())
    write_text(path, lines + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100))


def _loaded(path: Path) -> Mapping[str, Any]:
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error
    except (yaml.YAMLError, UnicodeDecodeError, IsADirectoryError) as error:
        raise RecordError(f"{path}: no recipe can be read from it: {error}") from error
    if not isinstance(data, dict):
        raise RecordError(f"{path}: it is no recipe", hint="a recipe has `datasets`, a list of paths")
    return data


def _most(size: float | int) -> float:
    return _MOST_TIMES if isinstance(size, float) else _MOST_ROWS


def _dataset(entry: object, where: str, recipe: Path) -> Dataset:
    path = entry.get("path") if isinstance(entry, dict) else None
    size = entry.get("sampling_size", 1.0) if isinstance(entry, dict) else None
    if not isinstance(path, str) or not path:
        raise RecordError(f"{where} has no `path`")
    if isinstance(size, bool) or not isinstance(size, int | float) or not 0 <= size <= _most(size):
        raise RecordError(
            f"{where}: sampling_size is {size!r}", hint="give a fraction such as 0.5, or a number of rows such as 300"
        )
    return Dataset((recipe.parent / Path(path).expanduser()).resolve(), size)
