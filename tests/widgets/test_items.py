from pathlib import Path

import pytest

from tests.widgets.conftest import CHOSEN, KNOWLEDGE, evaluation
from workbench.errors import NotFoundError
from workbench.runs import Run
from workbench.widgets.items import BETTER, Filter, ItemIndex
from workbench.workspace import Workspace


def found(run: Run, **wanted: str) -> list[str]:
    return [entry.line for entry in ItemIndex(run).find(Filter(**wanted))]


def test_each_question_is_one_item_whoever_was_asked(evaluated: Run) -> None:
    assert found(evaluated) == ["Question 0?", "Question 1?", "Question 2?", "First?"]
    item = ItemIndex(evaluated).find(Filter(benchmark="proof"))[0].read()
    assert {who: row["right"] for who, row in item.rows.items()} == {"base": False, "trained": True}


def test_items_are_found_by_benchmark_model_leaf_and_words(evaluated: Run) -> None:
    assert found(evaluated, benchmark="mt_bench") == ["First?"]
    assert found(evaluated, model="base") == ["Question 0?", "Question 1?", "Question 2?"]
    assert found(evaluated, leaf="writing") == ["First?"]
    assert found(evaluated, words="second") == ["First?"]
    assert found(evaluated, words="question 2") == ["Question 2?"]


def test_a_verdict_is_that_of_the_model_that_is_looked_at(evaluated: Run) -> None:
    assert found(evaluated, verdict="wrong") == ["Question 0?", "Question 1?", "Question 2?"]
    assert found(evaluated, verdict="wrong", model="trained") == ["Question 1?"]
    assert found(evaluated, verdict=BETTER) == ["Question 0?"]
    assert found(evaluated, verdict="failed") == ["Question 2?"]


def test_counts_are_those_under_the_other_choices(evaluated: Run) -> None:
    counts = ItemIndex(evaluated).counts(Filter(benchmark="proof", verdict="wrong", model="trained"), "verdict")
    assert counts == {"": 3, "right": 1, "wrong": 1, "failed": 1}
    assert ItemIndex(evaluated).counts(Filter(), "leaf") == {"": 4, KNOWLEDGE: 3, "writing": 1}


def test_a_half_written_last_line_is_left_out(evaluated: Run) -> None:
    path = evaluated.artifacts / "proof_base.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    assert found(evaluated, model="base") == ["Question 0?", "Question 1?"]


def test_an_evaluation_that_is_gone_or_kept_nothing_is_an_error(evaluated: Run, workspace: Workspace) -> None:
    empty = evaluation(workspace, "empty", {"proof_base": []})
    with pytest.raises(NotFoundError, match=f"{empty.folder.name} kept no items"):
        ItemIndex(empty)
    evaluated.remove()
    with pytest.raises(NotFoundError, match="is gone"):
        ItemIndex(evaluated)


def test_long_questions_are_cut_in_the_list(workspace: Workspace, tmp_path: Path) -> None:
    run = evaluation(workspace, "long", {"proof_base": [CHOSEN | {"question": "why " * 100}]})
    (line,) = found(run)
    assert len(line) == 96
    assert line.endswith("…")
