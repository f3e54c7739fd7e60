import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.cli.conftest import Writer
from workbench.cli.main import answer
from workbench.cli.run import check_parameters, find_notebook
from workbench.errors import NotFoundError, OptionsError
from workbench.records import write_text
from workbench.workspace import Workspace

SETUP = """
from tests.jobs.counting import CountingOptions
options = CountingOptions.from_notebook(globals())
"""
WORK = """
from tests.jobs.counting import COUNTING
from workbench.jobs import steps
steps.STEPS["count"] = COUNTING
from workbench.notebook import start
step = start("count", options)
"""
WAIT = "step.wait()"


def test_a_notebook_is_run_with_its_parameters(
    write_notebook: Writer, workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = write_notebook(SETUP, WORK, WAIT), tmp_path / "out" / "done.ipynb"
    assert answer(["run", str(source), str(target), "-p", "numbers", "4"]) == 0
    (run,) = workspace.runs("evaluations")
    assert run.manifest["counted"] == [1] * 4
    out, err = capsys.readouterr()
    assert out == f"{target}: done\n"
    assert "count: " in err
    assert "# Parameters\nnumbers = 4\n" in [cell["source"] for cell in nbformat.read(target, as_version=4)["cells"]]


def test_a_failing_cell_s_error_comes_back_with_its_hint(
    write_notebook: Writer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = write_notebook(SETUP, WORK, WAIT), tmp_path / "done.ipynb"
    assert answer(["run", str(source), str(target), "-p", "ending", "raise"]) == 1
    shown = capsys.readouterr().err
    assert f"error: the last number is wrong\n  in {target}, cell 5\nhint: count to another one\n" in shown
    assert target.is_file()


def test_a_cell_s_foreign_error_is_named(
    write_notebook: Writer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(["run", str(write_notebook("1 / 0")), str(tmp_path / "done.ipynb")]) == 1
    assert "error: ZeroDivisionError: division by zero\n  in " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("parameter", "shown"),
    [
        (("numberz", "4"), "numberz: there is no such option; did you mean numbers?"),
        (("numbers", "many"), "numbers: 'many' (str) is not allowed; allowed: int, at least 1"),
        (("numbers", "0"), "numbers: 0 (int) is not allowed"),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_starts(
    write_notebook: Writer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    parameter: tuple[str, str],
    shown: str,
) -> None:
    target = tmp_path / "done.ipynb"
    assert answer(["run", str(write_notebook()), str(target), "-p", *parameter]) == 2
    assert shown in capsys.readouterr().err
    assert not target.exists()


def test_plain_papermill_is_refused_by_the_first_cell(write_notebook: Writer, tmp_path: Path) -> None:
    import papermill

    with pytest.raises(papermill.PapermillExecutionError, match="numberz: there is no such option") as caught:
        papermill.execute_notebook(
            write_notebook(SETUP), tmp_path / "done.ipynb", parameters={"numberz": 4}, progress_bar=False
        )
    assert caught.value.exec_count == 3


def test_texts_are_read_as_the_options_mean_them(write_notebook: Writer) -> None:
    texts = {"numbers": "7", "pause": "0.5", "ending": "raise"}
    assert check_parameters(write_notebook(), {"numbers": 2}, texts) == {"numbers": 7, "pause": 0.5, "ending": "raise"}


def test_a_preset_is_checked_too(write_notebook: Writer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    preset = tmp_path / "preset.yaml"
    write_text(preset, "numbers: many\n")
    assert answer(["run", str(write_notebook()), "-f", str(preset)]) == 2
    assert "numbers: 'many'" in capsys.readouterr().err
    write_text(preset, "- numbers")
    assert answer(["run", str(write_notebook()), "-f", str(preset)]) == 1
    assert answer(["run", str(write_notebook()), "-f", str(tmp_path / "other.yaml")]) == 2


def test_a_notebook_is_found_by_name(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_notebook("01_first") == find_notebook("01_first.ipynb") == bundle / "notebooks" / "01_first.ipynb"
    with pytest.raises(NotFoundError) as caught:
        find_notebook("01_frist")
    assert caught.value.hint == "did you mean 01_first?"


def test_the_notebook_itself_is_never_overwritten(write_notebook: Writer, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_notebook()
    assert answer(["run", str(source), str(source)]) == 2
    assert "is the notebook itself" in capsys.readouterr().err


def test_a_notebook_without_options_takes_no_parameters(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    document: dict[str, Any] = {"cells": [], "metadata": {}}
    path.write_text(json.dumps(document))
    assert check_parameters(path, {}, {}) == {}
    with pytest.raises(OptionsError, match="takes no parameters"):
        check_parameters(path, {"numbers": 1}, {})
