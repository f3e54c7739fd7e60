from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest

from workbench import assets
from workbench.cli.notebooks import Declaration
from workbench.records import write_text
from workbench.taxonomy.leaf_files import new_leaf

OPTIONS = "tests.jobs.counting:CountingOptions"
Writer = Callable[..., Path]


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with one notebook, a sample taxonomy, a preset and a model."""
    root = tmp_path / "installed"
    write_text(root / "notebooks" / "01_first.ipynb", "{}")
    write_text(root / "taxonomy" / "knowledge" / "a" / "qna.yaml", "version: 3")
    write_text(root / "assets" / "presets" / "large.yaml", "numbers: 9\n")
    write_text(root / "assets" / "models" / "a.gguf", "weights")
    monkeypatch.setattr(assets, "_BUNDLE", root)
    return root


@pytest.fixture
def write_notebook(tmp_path: Path) -> Writer:
    """Writes a notebook with a parameters cell and the code cells given."""

    def write(*sources: str, names: Sequence[str] = ("numbers", "ending"), cell: str | None = None) -> Path:
        from tests.jobs.counting import CountingOptions

        path = tmp_path / "notebooks" / "07_count.ipynb"
        content = Declaration(path, CountingOptions, tuple(names)).cell if cell is None else cell
        parameters = nbformat.v4.new_code_cell(content, metadata={"tags": ["parameters"]})
        cells = [nbformat.v4.new_markdown_cell("# Count"), parameters, *map(nbformat.v4.new_code_cell, sources)]
        metadata: dict[str, Any] = {"workbench": {"options": OPTIONS, "parameters": list(names)}}
        metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        write_text(path, nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=metadata)) + "\n")
        return path

    return write


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A taxonomy of one skill, without git."""
    root = tmp_path / "taxonomy"
    root.mkdir()
    new_leaf(root, "skill", "clocks")
    return root


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that are done at once, and a plan that needs no data."""
    from tests.cli.quick import quick_steps
    from workbench.jobs import steps

    for name, step in quick_steps().items():
        monkeypatch.setitem(steps.STEPS, name, step)
    monkeypatch.setattr("workbench.alignment.align.planned", lambda options, workspace: "the plan")
