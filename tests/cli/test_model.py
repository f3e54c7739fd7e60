import json
from pathlib import Path

import pytest

from workbench.cli.main import answer
from workbench.workspace import Workspace


@pytest.mark.usefixtures("quick")
def test_a_model_is_trained_and_listed(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "train", "--phase-1-epochs", "1", "--name", "mine", "--no-evaluate"]) == 0
    (run,) = workspace.runs("trained_models")
    assert capsys.readouterr().out == f"{run.folder / 'GGUF' / 'model-F16.gguf'}\n"
    assert answer(["model", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["name", "from", "status", "size", "path"]
    assert answer(["model", "get", "--id", "mine", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["options"]["phase_1_epochs"] == 1


def test_a_folder_becomes_two_files(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "files"
    assert answer(["model", "export", str(tiny_model), "--folder", str(target)]) == 0
    whole, small = target / "model-F16.gguf", target / "model-Q4_K_M.gguf"
    assert capsys.readouterr().out == f"{whole}\n{small}\n"
    assert small.stat().st_size < whole.stat().st_size
    assert answer(["model", "quantize", str(whole), "--quantization", "Q8_0"]) == 0
    assert capsys.readouterr().out == f"{target / 'model-Q8_0.gguf'}\n"
    assert answer(["model", "quantize", str(whole), "--quantization", "Q8"]) == 1
    assert "did you mean Q8_0?" in capsys.readouterr().err


def test_what_cannot_be_exported_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "export", "nothing"]) == 2
    assert "there is no trained model called nothing" in capsys.readouterr().err
    assert answer(["model", "get", "--id", "nothing"]) == 2
    assert answer(["model", "quantize", str(tmp_path / "none.gguf")]) == 2
