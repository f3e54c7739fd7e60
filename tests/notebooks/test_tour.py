"""The tour for real, on the embedded models; the notebooks then run once more in the same workspace."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebooks.conftest import NAMES, path_of
from workbench.workspace import VARIABLE, Workspace

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Tour:
    workspace: Workspace
    out: str
    err: str

    @property
    def folder(self) -> Path:
        return self.workspace.tours / "demo"

    @property
    def summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads((self.folder / "summary.json").read_text())
        return summary


def workbench(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """From a folder that is no project, as somebody would who has installed the package."""
    command = [sys.executable, "-m", "workbench.cli.main", *arguments]
    environment = {**os.environ, VARIABLE: str(workspace)}
    return subprocess.run(
        command, cwd=workspace.parent, env=environment, capture_output=True, text=True, check=False, timeout=1000
    )


@pytest.fixture(scope="session")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Tour:
    """One tour for all tests here: it is the longest thing that they do."""
    workspace = tmp_path_factory.mktemp("tour") / "workspace"
    ended = workbench(workspace, "tour")
    assert ended.returncode == 0, ended.stderr[-3000:]
    return Tour(Workspace(workspace), ended.stdout, ended.stderr)


def test_it_ends_with_the_proof(tour: Tour) -> None:
    summary = tour.summary
    assert summary["base_accuracy"] <= 0.35
    assert summary["trained_accuracy"] >= 0.80
    assert summary["true_share"] >= 0.80
    assert summary["kept_pairs"] > 0
    assert summary["reused"] == 0
    assert summary["minutes"] > 0
    proof = tour.workspace.get("evaluations", "demo").manifest["benchmarks"]["proof"]
    assert proof["trained"]["items"] >= 200


def test_its_numbers_are_shown(tour: Tour) -> None:
    for name in tour.summary:
        assert name in tour.out
    assert str(tour.folder / "report.html") in tour.out


def test_progress_is_shown_all_the_way(tour: Tour) -> None:
    for name in NAMES:
        assert f"] {name}\n" in tour.err
        assert f"{name}: done." in tour.err
    assert "\x1b" not in tour.err
    assert "Phase 1" in tour.err or "phase 1" in tour.err


@pytest.mark.parametrize("name", NAMES)
def test_executed_notebooks_are_left(tour: Tour, name: str) -> None:
    cells = nbformat.read(tour.folder / f"{name}.ipynb", as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    assert outputs
    assert not [output for output in outputs if output.output_type == "error"]
    warned = [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    assert not warned


def test_the_report_stands_alone(tour: Tour) -> None:
    page = (tour.folder / "report.html").read_text(encoding="utf-8")
    assert all(f'<a href="#{name}">' in page for name in NAMES)
    assert page.count("data:image/png;base64,") >= 4
    assert "<script" not in page
    assert "http-equiv" not in page


def test_every_run_leaves_its_logs(tour: Tour) -> None:
    for kind in ("synthetic_data", "trained_models", "evaluations"):
        run = tour.workspace.get(kind, "demo")
        for name in ("console.log", "system.json", "events.jsonl"):
            assert (run.logs / name).is_file()


def test_all_notebooks_run_again_under_nbval(tour: Tour) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={ROOT}"]
    command += ["--nbval-lax", "--nbval-current-env", *(str(path_of(name)) for name in NAMES)]
    environment = {**os.environ, VARIABLE: str(tour.workspace.root)}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-3000:]
    for kind in ("synthetic_data", "trained_models", "evaluations"):
        assert len(tour.workspace.runs(kind)) == 1


def test_a_second_tour_reuses_the_first(tour: Tour) -> None:
    before = tour.summary
    ended = workbench(tour.workspace.root, "tour")
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert tour.summary == {**before, "reused": 3}
