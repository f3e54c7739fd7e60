import json
from pathlib import Path

import pytest

from tests.alignment.conftest import fill
from workbench.cli.main import answer
from workbench.workspace import Workspace


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Eight rows, one of which is too long for the options below."""
    file = tmp_path / "rows.jsonl"
    turns = [
        [
            {"role": "user", "content": f"Who is {n}?"},
            {"role": "assistant", "content": "The light. " * (9 * (n == 7) + 1)},
        ]
        for n in range(8)
    ]
    file.write_text("".join(json.dumps({"messages": messages}) + "\n" for messages in turns))
    return file


def flags(rows: Path, base: Path, *others: str) -> list[str]:
    fixed = ["--device", "cpu", "--threads", "1", "--max-length", "50", "--most-left-out", "0.2"]
    return ["model", "train", "--training-file", str(rows), "--base-model", str(base), *fixed, *others]


@pytest.mark.usefixtures("quick")
def test_a_data_run_is_trained_on(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "train", "--phase-1-epochs", "1", "--name", "mine", "--no-evaluate"]) == 0
    (run,) = workspace.runs("trained_models")
    assert capsys.readouterr().out == f"{run.folder / 'GGUF' / 'model-F16.gguf'}\n"
    assert not workspace.runs("evaluations")


def test_a_dry_run_shows_everything_and_leaves_nothing(
    rows: Path, tiny_model: Path, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(flags(rows, tiny_model, "--phase-1-epochs", "2", "--dry-run")) == 0
    out = capsys.readouterr().out
    assert "over 50 tokens" in out
    assert "rows.jsonl: 2 rows" in out
    assert "what rows.jsonl says" in out
    assert "memory" in out
    assert "It fits." in out
    assert not list(workspace.folder("trained_models").glob("*"))


def test_a_dry_run_can_be_read_by_a_program(rows: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(flags(rows, tiny_model, "--dry-run", "--output", "json")) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["fits"] is True
    assert record["phases"]["Phase 1"]["steps"] == 8
    assert record["data"][0]["kept"] == 7


def test_a_dry_run_ends_as_the_training_would(
    rows: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(flags(rows, tiny_model, "--dry-run", "--most-left-out", "0.1")) == 1
    shown = capsys.readouterr()
    assert "1 of 8 rows cannot be trained on" in shown.err
    assert "most_left_out" in shown.err
    assert answer(flags(tmp_path / "none.jsonl", tiny_model, "--dry-run")) == 2
    assert "there is no training file" in capsys.readouterr().err
    assert answer(flags(rows, tiny_model, "--dry-run", "--keep-checkpoints", "best")) == 2
    assert "nothing says which is the best" in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("command", ["align", "train"])
def test_a_model_that_was_trained_before_is_only_evaluated(
    command: str, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(["model", "train", "--name", "mine", "--no-evaluate"]) == 0
    capsys.readouterr()
    assert answer(["model", command, "--name", "mine", "--output", "json"]) == 0
    (trained,), (evaluated,) = workspace.runs("trained_models"), workspace.runs("evaluations")
    assert evaluated.options["model"] == trained.id
    shown = json.loads(capsys.readouterr().out)
    assert shown["files"]["folder"] == str(evaluated.folder) if command == "align" else shown["id"] == trained.id


def aligned(base: Path, *others: str) -> list[str]:
    epochs = ["--phase-1-epochs", "1", "--phase-2-epochs", "1"]
    fixed = ["--device", "cpu", "--threads", "1", "--max-length", "64", "--base-model", str(base)]
    return ["model", "align", *fixed, *epochs, "--benchmark", "heldout", *others]


def test_a_model_is_made_phase_by_phase_and_evaluated_in_the_same_run(
    workspace: Workspace, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(workspace, heldout=5)
    assert answer(aligned(tiny_model, "--phase", "1")) == 0
    shown = capsys.readouterr()
    (run,) = workspace.runs("trained_models")
    assert shown.out == ""
    assert "there is one epoch, and so one checkpoint" in shown.err
    assert (run.state["status"], run.state["sentence"][:24]) == ("queued", "The first phase is done;")
    # On a data run `train` is the whole of it.
    assert answer([word.replace("align", "train") for word in aligned(tiny_model)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{run.folder / 'GGUF' / 'model-F16.gguf'}\n")
    assert "Held-out answers (heldout)" in out
    assert not workspace.runs("evaluations")
    assert answer(aligned(tiny_model, "--output", "json")) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["model_metrics"]["tokens"]["training_total"] > 0
    assert all(Path(file).is_relative_to(run.folder / "Eval") for file in record["files"]["results"].values())
    assert Path(record["files"]["report"]).is_file()
    assert answer(["model", "get", "--id", "demo", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["model_metrics"] == record["model_metrics"]


def test_what_is_missing_is_told_before_anything_is_trained(
    workspace: Workspace, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(workspace, heldout=5)
    for more in ([], ["--dry-run"]):
        assert answer(aligned(tiny_model, "--benchmark", "mt_bench", "--judge-model", "nobody", *more)) == 1
        assert "there is no model 'nobody'" in capsys.readouterr().err
    assert answer(aligned(tiny_model, "--benchmark", "mt_benc")) == 2
    assert "did you mean mt_bench" in capsys.readouterr().err
    assert answer(aligned(tiny_model, "--strategy", "lab-skills-only", "--phase", "1")) == 2
    assert "Phase 1 is left out: the strategy is lab-skills-only" in capsys.readouterr().err
    assert not workspace.runs("trained_models")
