from pathlib import Path

import nbformat
import pytest

from tests.cli.conftest import Writer
from tests.jobs.counting import CountingOptions
from workbench.assets import notebooks_folder
from workbench.cli.main import answer
from workbench.cli.notebooks import declaration, sync_folder
from workbench.errors import NotFoundError, OptionsError, RecordError


def test_the_committed_notebooks_are_as_their_options_say() -> None:
    assert sync_folder(notebooks_folder(), write=False) == []


def test_a_notebook_declares_what_it_takes(write_notebook: Writer) -> None:
    declared = declaration(write_notebook())
    assert declared
    assert declared.options_class is CountingOptions
    assert declared.cell.splitlines()[0] == "numbers: int = 3  # How far to count."


def test_a_cell_that_differs_is_found_and_written(write_notebook: Writer, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_notebook("1 + 1")
    right = path.read_bytes()
    document = nbformat.read(path, as_version=4)
    document["cells"][1]["source"] = "numbers = 4"
    path.write_text(nbformat.writes(document) + "\n")
    assert answer(["notebooks", "sync", "--check", str(path.parent)]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == (f"{path}: the parameters cell differs from its options\n", "hint: workbench notebooks sync\n")
    assert answer(["notebooks", "sync", str(path.parent)]) == 0
    assert path.read_bytes() == right
    assert answer(["notebooks", "sync", "--check", str(path.parent)]) == 0


def test_a_notebook_without_a_declaration_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook()))
    assert declaration(path) is None
    assert sync_folder(tmp_path, write=True) == []


@pytest.mark.parametrize(
    "declared",
    [{}, {"options": "nowhere:Options", "parameters": []}, {"options": "workbench.options:None_", "parameters": []}],
)
def test_a_wrong_declaration_is_named(tmp_path: Path, declared: dict[str, object]) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(metadata={"workbench": declared})))
    with pytest.raises(RecordError, match=r"a\.ipynb: its metadata names no options"):
        declaration(path)


def test_an_unknown_parameter_and_too_many_are_refused(write_notebook: Writer) -> None:
    with pytest.raises(OptionsError, match="CountingOptions has no colour"):
        write_notebook(names=["colour"])
    path = write_notebook(names=["numbers"] * 13)
    with pytest.raises(RecordError, match="13 parameters are more than 12"):
        declaration(path)


def test_exactly_one_cell_holds_the_parameters(write_notebook: Writer) -> None:
    path = write_notebook()
    path.write_text(path.read_text().replace('"parameters"\n    ]', '"other"\n    ]'))
    with pytest.raises(NotFoundError, match="0 cells are tagged"):
        sync_folder(path.parent, write=True)
