"""What every notebook has in common, as the house's design page says it."""

import ast
import re

import pytest

from tests.notebooks.conftest import NAMES, code_cells, links, nodes, notebook, path_of, prose, tags
from workbench.cli.main import COMMANDS, answer
from workbench.cli.notebooks import MOST_PARAMETERS, declaration

FORBIDDEN = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.For, ast.While, ast.Try, ast.With, ast.Global),
)
LINES = 8
COMMAND = re.compile(r"^    workbench (.+)$", re.MULTILINE)


def test_there_are_these_notebooks_and_no_others() -> None:
    assert tuple(sorted(path.stem for path in path_of("01_taxonomy").parent.glob("*.ipynb"))) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_is_committed_without_outputs(name: str) -> None:
    for cell in code_cells(name):
        assert cell.outputs == []
        assert cell.execution_count is None
    assert not {"widgets", "papermill"} & notebook(name).metadata.keys()


@pytest.mark.parametrize("name", NAMES)
def test_it_says_which_kernel_runs_it(name: str) -> None:
    assert notebook(name).metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("name", NAMES)
def test_ids_of_cells_are_their_places(name: str) -> None:
    cells = notebook(name).cells
    assert [cell.id for cell in cells] == [str(number) for number in range(len(cells))]


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_a_title_and_one_table(name: str) -> None:
    first, parameters = notebook(name).cells[:2]
    assert first.source.startswith(f"# {name[:2]} {name[3:].capitalize()}\n")
    assert first.source.count("\n|---") == 1
    for row in ("At the end you have", "It needs", "Minutes on two CPU cores", "Minutes on a GPU", "Next"):
        assert f"\n| **{row}** |" in first.source
    assert tags(parameters) == ["parameters"]


@pytest.mark.parametrize("name", NAMES)
def test_one_cell_takes_at_most_twelve_parameters(name: str) -> None:
    assert sum("parameters" in tags(cell) for cell in code_cells(name)) == 1
    declared = declaration(path_of(name))
    assert declared
    assert 1 <= len(declared.names) <= MOST_PARAMETERS


@pytest.mark.parametrize("name", NAMES)
def test_the_first_cell_behind_the_parameters_checks_them_before_all_else(name: str) -> None:
    parameters, setup, *others = code_cells(name)
    body = [node for node in ast.parse(setup.source).body if not isinstance(node, ast.Import | ast.ImportFrom)]
    declared = declaration(path_of(name))
    assert declared
    expected = f"options = {declared.options_class.__name__}.from_notebook(globals())"
    assert ast.unparse(body[0]) == expected
    for cell in (parameters, *others):
        assert not [node for node in nodes(cell) if isinstance(node, ast.Import)]


@pytest.mark.parametrize("name", NAMES)
def test_no_work_hides_in_a_cell(name: str) -> None:
    _, setup, *others = code_cells(name)
    for cell in (setup, *others):
        assert not [node for node in nodes(cell) if isinstance(node, FORBIDDEN)], cell.source
        called = {ast.unparse(node.func) for node in nodes(cell) if isinstance(node, ast.Call)}
        assert "print" not in called
        assert not re.search(r"^\s*[!%]", cell.source, re.MULTILINE)
    for cell in others:
        assert len(cell.source.splitlines()) <= LINES, cell.source


@pytest.mark.parametrize("name", NAMES)
def test_every_check_says_what_is_wrong(name: str) -> None:
    checks = [cell for cell in code_cells(name) if "check" in tags(cell)]
    assert checks
    for cell in code_cells(name):
        asserted = [node for node in nodes(cell) if isinstance(node, ast.Assert)]
        assert bool(asserted) == ("check" in tags(cell)), cell.source
        assert all(node.msg is not None for node in asserted), cell.source


@pytest.mark.parametrize("name", NAMES)
def test_sections_are_short(name: str) -> None:
    for text in prose(name)[1:]:
        sentences = re.findall(r"[.:!?](?:\s|$)", re.sub(r"(?m)^( {4}|- ).*$", "", text))
        assert len(sentences) <= 8, text


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    for link in links(name):
        assert (path_of(name).parent / link).is_file(), link
    following = NAMES[(NAMES.index(name) + 1) % len(NAMES)]
    assert f"{following}.ipynb" in set(links(name))


@pytest.mark.parametrize("name", NAMES)
def test_command_lines_are_real(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line for text in prose(name) for line in COMMAND.findall(text)]
    assert lines
    for line in lines:
        words = line.split()
        assert words[0] in COMMANDS
        assert answer([*words[:2], "--help"]) == 0
        shown = capsys.readouterr().out
        assert all(word in shown for word in words if word.startswith("--")), line
