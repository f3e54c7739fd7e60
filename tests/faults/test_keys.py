"""No key of an endpoint is found in anything that a run leaves or says, however it was given and however it ended."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines.endpoints import serving
from tests.faults.conftest import ROOT, Server
from workbench.cli.main import answer
from workbench.taxonomy.sample import lay_out_sample
from workbench.workspace import Workspace

KEY = "sk-nobody-else-may-see-this"


def generate(workspace: Workspace, flags: tuple[str, ...], environment: dict[str, str]) -> tuple[int, str]:
    """The exit code, and all that was said."""
    command = [sys.executable, "-m", "workbench.cli.main", "data", "generate", "--workspace", str(workspace.root)]
    command += [*flags, "--num-instructions", "1"]
    found = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    return found.returncode, found.stdout + found.stderr


def holding(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.fixture
def sample(workspace: Workspace) -> Workspace:
    lay_out_sample(workspace)
    return workspace


def test_a_finished_run_holds_no_key(sample: Workspace, server: Server, tmp_path: Path) -> None:
    code, said = generate(sample, server.flags, {"WORKBENCH_API_KEY": KEY})
    assert code == 0, said
    (run,) = sample.runs("synthetic_data")
    assert (run.logs / "events.jsonl").is_file()
    assert KEY not in said
    assert holding(tmp_path, KEY) == []
    # The search finds what is there.
    assert holding(tmp_path, run.id)


@pytest.mark.parametrize("way", ["flag", "file"])
def test_a_refused_run_holds_no_key(sample: Workspace, tmp_path: Path, way: str) -> None:
    file = tmp_path.parent / f"{tmp_path.name}-key"
    file.write_text(f"{KEY}\n")
    given = {"flag": ("--api-key", KEY), "file": ("--api-key-file", str(file))}[way]
    with serving(lambda path, body: (401, {}, f"the key {KEY} is not known")) as endpoint:
        code, said = generate(sample, ("--endpoint-url", endpoint.url, "--model", "any", *given), {})
    assert code == 1
    assert "the key *** is not known" in said
    assert any(headers.get("Authorization") == f"Bearer {KEY}" for _, _, headers in endpoint.asked)
    assert KEY not in said
    assert holding(tmp_path, KEY) == []
    file.unlink()


def test_a_notebook_is_not_given_a_key_to_keep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out.ipynb"
    assert answer(["run", "03_generate", str(target), "-p", "api_key", KEY]) == 2
    said = capsys.readouterr().err
    assert "a notebook would keep it" in said
    assert "WORKBENCH_API_KEY" in said
    assert KEY not in said
    assert not target.exists()
