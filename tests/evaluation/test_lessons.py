import json
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.conftest import Named, write_rows
from workbench.errors import NotFoundError
from workbench.evaluation.lessons import ASKED_EACH, TrainingFile, read_lessons, row_questions, training_files
from workbench.records import digest_file
from workbench.runs import Run
from workbench.training.rows import load_tokenizer
from workbench.workspace import Workspace


def row(number: int, leaf: str | None = "knowledge/a", **changes: Any) -> dict[str, Any]:
    asked, said = f"When was tower {number} built?", f"In {1000 + number}."
    metadata = {"dataset": "knowledge_qa"} | ({"leaf": leaf} if leaf else {})
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
    return {"messages": messages, "metadata": json.dumps(metadata)} | changes


def trained(workspace: Workspace, data: dict[str, Any], **inputs: str) -> Run:
    run = workspace.open_run("trained_models", "demo", Named(), {"data": json.dumps(data), **inputs})
    with run.hold() as attempt:
        attempt.finish({"data": data, "phases": [{"phase": 1}]})
    return run


def test_rows_are_read_with_what_is_learned_and_what_is_left_out(tmp_path: Path, tiny_model: Path) -> None:
    long = row(2)
    long["messages"][0]["content"] *= 9
    rows = [row(1), long, {"document": "A plain text of 1843."}, row(3, leaf=None)]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    options = {"max_length": 60, "min_length": 0}
    first, second, replayed, plain = read_lessons([TrainingFile(1, path)], load_tokenizer(tiny_model), options)
    assert (first.leaf, first.asked, first.said) == ("knowledge/a", "When was tower 1 built?", "In 1001.")
    assert first.learned.startswith("In 1001.")
    assert "tower 1" in first.given
    assert (first.left_out, second.left_out) == ("", "over 60 tokens")
    assert (replayed.leaf, plain.leaf) == ("", "file rows.jsonl")
    assert (plain.document, plain.learned, plain.said) == (True, "A plain text of 1843.", "")


def test_rows_are_asked_again_the_same_ones_each_time(tmp_path: Path) -> None:
    several = [row(number) for number in range(ASKED_EACH + 9)]
    told = {"role": "system", "content": "Be brief."}
    other = row(99, "knowledge/b") | {"messages": [told, *row(99)["messages"]]}
    talk = row(98, "knowledge/b") | {"messages": row(98)["messages"] * 2}
    path = write_rows(tmp_path / "rows.jsonl", [*several, other, talk, row(97, leaf=None)])
    questions = row_questions([TrainingFile(1, path)])
    assert [question.leaf for question in questions] == ["knowledge/a"] * ASKED_EACH + ["knowledge/b"]
    assert (questions[-1].asked, questions[-1].expected) == ("When was tower 99 built?", "In 1099.")
    again = write_rows(tmp_path / "again.jsonl", [other, *reversed(several)])
    assert row_questions([TrainingFile(1, again)]) == questions


def test_the_files_of_a_run_are_found_by_their_contents(workspace: Workspace, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "mine.jsonl", [row(1)])
    run = trained(workspace, {"files": [str(path)]}, phase_1=digest_file(path), base_model="x")
    assert training_files(run.inputs, run.manifest, workspace) == [TrainingFile(1, path)]
    write_rows(path, [row(2)])
    with pytest.raises(NotFoundError, match="have changed since the training"):
        training_files(run.inputs, run.manifest, workspace)
    path.unlink()
    with pytest.raises(NotFoundError, match=r"there is no training file .*mine.jsonl any more"):
        training_files(run.inputs, run.manifest, workspace)


def test_a_data_run_that_was_deleted_is_told(workspace: Workspace) -> None:
    run = trained(workspace, {"id": "gone", "name": "first"}, phase_1="x")
    with pytest.raises(NotFoundError, match="the data run first that it was trained on has been deleted"):
        training_files(run.inputs, run.manifest, workspace)
    with pytest.raises(NotFoundError, match="does not say what it was trained on"):
        training_files({"phase_1": "x"}, {}, workspace)
