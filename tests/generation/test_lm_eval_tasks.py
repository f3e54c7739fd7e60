import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Measure
from tests.generation.answering import FakeEngine
from workbench.evaluation.questions import read_choices
from workbench.generation.exchange import Exchange
from workbench.generation.flow import Flow
from workbench.generation.heldout import Examiner
from workbench.generation.lm_eval_tasks import LETTERS, write_tasks
from workbench.generation.rows import LeafWork
from workbench.records import read_jsonl
from workbench.runs import Stop

Record = dict[str, Any]
LEAF, SMALL = "knowledge/towns/ferries", "knowledge/mills"
# A small leaf: B, D, D, B. Whoever numbers only the letters that occur gets every second key wrong.
SMALL_KEYS = [1, 3, 3, 1]


def question(leaf: str, number: int, key: int) -> Record:
    choices = [f"wrong {place} of {number}" for place in range(4)]
    choices[key] = f"right of {number}"
    return {
        "id": f"{leaf} {number}", "leaf": leaf, "question": f"What is {number}? ", "choices": choices,
        "answer": key, "context": "A passage.", "fact": "",
    }  # fmt: skip


QUESTIONS = [
    *(question(LEAF, number, number % 4) for number in range(8)),
    *(question(SMALL, number, key) for number, key in enumerate(SMALL_KEYS)),
]


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    write_tasks(tmp_path / "run", QUESTIONS)
    return tmp_path / "run"


def right(row: Record) -> bool:
    """Whether the key leads to the answer of the pair that the question was made from."""
    return bool(row["choices"][row["answer"]] == f"right of {row['question'].strip(' ?').rpartition(' ')[2]}")


def test_each_leaf_has_its_questions_and_its_task(run_folder: Path) -> None:
    names = ["knowledge_mills", "knowledge_towns_ferries"]
    found = sorted(path.name for path in (run_folder / "mmlu_branch").iterdir())
    assert found == sorted([*(f"{name}.jsonl" for name in names), *(f"{name}_task.yaml" for name in names)])
    rows = list(read_jsonl(run_folder / "mmlu_branch/knowledge_mills.jsonl"))
    assert [row["answer"] for row in rows] == SMALL_KEYS
    assert all(map(right, rows))
    task = yaml.safe_load((run_folder / "mmlu_branch/knowledge_mills_task.yaml").read_text())
    assert task["dataset_kwargs"]["data_files"] == {"test": "mmlu_branch/knowledge_mills.jsonl"}
    assert (run_folder / task["dataset_kwargs"]["data_files"]["test"]).is_file()
    assert task["doc_to_choice"] == list(LETTERS)


def test_the_evaluation_reads_the_same_keys(run_folder: Path) -> None:
    read = read_choices(sorted((run_folder / "mmlu_branch").glob("*.jsonl")))
    assert len(read) == len(QUESTIONS)
    assert all(one.expected.startswith("right of") for one in read)


def test_leaves_whose_names_are_one_have_files_of_their_own(tmp_path: Path) -> None:
    write_tasks(tmp_path, [question("knowledge/a/b_c", 1, 0), question("knowledge/a_b/c", 2, 1)])
    files = sorted((tmp_path / "mmlu_branch").glob("*.jsonl"))
    assert sorted(json.loads(path.read_text())["leaf"] for path in files) == ["knowledge/a/b_c", "knowledge/a_b/c"]
    tasks = [yaml.safe_load(path.read_text()) for path in (tmp_path / "mmlu_branch").glob("*.yaml")]
    assert len({task["task"] for task in tasks}) == 2


def test_without_questions_there_are_no_tasks(tmp_path: Path) -> None:
    write_tasks(tmp_path, [])
    assert not (tmp_path / "mmlu_branch").exists()


@pytest.mark.parametrize("seed", range(40))
def test_keys_are_those_of_the_pairs_whichever_letters_occur(
    seed: int, works: list[LeafWork], flow: Flow, open_exchange: Callable[[FakeEngine], Exchange], tmp_path: Path
) -> None:
    answers = ["oak", "elm", "ash", "fir"]
    pairs = [
        {"id": str(number), "leaf": "knowledge/town", "kind": "knowledge", "ordinal": number, "source": "",
         "question": f"What is {number}?", "answer": answer, "context": ""}
        for number, answer in enumerate(answers)
    ]  # fmt: skip
    plain = replace(flow, stages={kind: stages for kind, stages in flow.stages.items() if kind != "choices"})
    examiner = Examiner({work.path: work for work in works}, plain, open_exchange(FakeEngine()), Stop())
    write_tasks(tmp_path, examiner.choices(pairs, seed))
    rows = list(read_jsonl(tmp_path / "mmlu_branch/knowledge_town.jsonl"))
    assert [row["choices"][row["answer"]] for row in rows] == answers


@pytest.mark.prove
@pytest.mark.filterwarnings("ignore")
def test_lm_eval_loads_the_tasks_and_scores_by_the_keys(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch, measured: Measure
) -> None:
    tasks = pytest.importorskip("lm_eval.tasks", reason="pip install instructlab-workbench[peers]")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(run_folder.parent / "cache"))
    moved = run_folder.rename(run_folder.with_name("moved"))
    monkeypatch.chdir(moved)
    manager = tasks.TaskManager(include_path="mmlu_branch", include_defaults=False)
    loaded = manager.load(["mmlu_branch"])["tasks"]
    documents = {name: list(task.test_docs()) for name, task in loaded.items()}
    assert {name: len(docs) for name, docs in documents.items()} == {
        "mmlu_branch_knowledge_mills": 4,
        "mmlu_branch_knowledge_towns_ferries": 8,
    }
    scores = []
    for name, task in loaded.items():
        for document in documents[name]:
            text, place = task.doc_to_text(document), task.doc_to_target(document)
            letter = task.doc_to_choice(document)[place]
            assert f"\n{letter}. right of " in text
            said = [(-1.0, False)] * 4
            said[place] = (0.0, True)
            scores.append(task.process_results(document, said)["acc"])
    assert scores == [1.0] * len(QUESTIONS)
    measured(
        "Questions of a data run that lm-eval loads with the right key", f"{len(scores)} of {len(QUESTIONS)}", "all"
    )
