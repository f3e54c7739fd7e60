import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from workbench.assets import assets_folder, notebooks_folder

NAMES = ("01_taxonomy", "02_diff", "03_generate", "04_train", "05_evaluate", "06_chat")
_LINK = re.compile(r"\]\(([^)]+)\)")


def path_of(name: str) -> Path:
    return notebooks_folder() / f"{name}.ipynb"


def notebook(name: str) -> Any:
    return nbformat.read(path_of(name), as_version=4)


def code_cells(name: str) -> list[Any]:
    return [cell for cell in notebook(name).cells if cell.cell_type == "code"]


def tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def prose(name: str) -> list[str]:
    return [cell.source for cell in notebook(name).cells if cell.cell_type == "markdown"]


def links(name: str) -> Iterator[str]:
    for text in prose(name):
        yield from _LINK.findall(text)


def nodes(cell: Any) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(cell.source))


def presets() -> list[Path]:
    return sorted((assets_folder() / "presets").glob("*.yaml"))


def notebook_of(preset: Path) -> Path:
    """The notebook that a preset is for: `generate-granite.yaml` is for `03_generate`."""
    word = preset.stem.split("-")[0]
    (found,) = notebooks_folder().glob(f"[0-9][0-9]_{word}.ipynb")
    return found
