import json
from pathlib import Path

import pytest

from workbench.cli.main import answer


def test_a_person_reads_what_would_be_used(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert answer(["system", "info", "--device", "cpu", "--workspace", str(tmp_path / "w")]) == 0
    shown = capsys.readouterr().out
    assert "because it was asked for" in shown
    assert "workspace" in shown
    assert str(tmp_path / "w") in shown


def test_a_program_reads_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["system", "info", "--device", "cpu", "--output", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["device"]["kind"] == "cpu"
    assert facts["packages"]["torch"]
