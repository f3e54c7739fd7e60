import json
from pathlib import Path

import pytest

from tests.generation.test_take_over import heldout, pairs, questions
from workbench.cli.main import answer
from workbench.workspace import Workspace


def test_files_are_imported_and_runs_merged_with_the_embedded_tokenizer(
    tmp_path: Path, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    towns = pairs(tmp_path / "towns.jsonl", "mayor", leaf="knowledge/towns")
    Path(towns).write_text(Path(towns).read_text() + "broken\n")
    assert answer(["data", "import", "--knowledge-paths", towns, "--name", "own"]) == 1
    said = capsys.readouterr().err
    assert f"{towns}:11: not JSON" in said
    assert not workspace.runs("synthetic_data"), "nothing is written where something is refused"
    assert answer(["data", "import", "--knowledge-paths", towns, "--name", "own", "--skip-bad"]) == 0
    (own,) = workspace.runs("synthetic_data")
    out = capsys.readouterr().out.splitlines()
    assert out == [
        f"{own.folder}: 18 rows to train on (9 in phase 1, 9 in phase 2) and 1 sample held out, of 1 leaf",
        "left out: 1 line that cannot be read (Logs/bad_lines.jsonl)",
    ]
    songs = pairs(tmp_path / "songs.jsonl", "song")
    assert answer(["data", "import", "--skills-paths", songs, "--internal-ids", "own", "--name", "more"]) == 0
    capsys.readouterr()
    merge = ["data", "merge", "--internal-ids", f"own,{workspace.get('synthetic_data', 'more').id}", "--name", "all"]
    assert answer([*merge, "--output", "json"]) == 0
    manifest = json.loads(capsys.readouterr().out)
    assert manifest["left_out"]["duplicate"] == 10
    assert manifest["data_metrics"]["samples"]["total"] == 9 + 18
    run = workspace.get("synthetic_data", "all")
    assert not heldout(run) & (questions(run, "knowledge") | questions(run, "skills"))
    assert answer(merge) == 0
    assert "Reused: all-" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import"], "there is no file to import"),
        (["import", "--internal-ids", "own"], "there is no file to import"),
        (["merge"], "name two runs or more"),
        (["merge", "--internal-ids", "nobody"], "there is no synthetic data called nobody"),
        (["import", "--knowledge-paths", "nowhere.jsonl"], "there is no file"),
        (["import", "--num-instructions", "3"], "No such option"),
    ],
)
def test_what_makes_no_sense_is_wrong_use(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["data", *arguments]) == 2
    assert said in capsys.readouterr().err
