"""Questions with four choices as tasks of lm-eval: a `.jsonl` of questions and a `_task.yaml` for each leaf.

lm-eval looks for data files from the folder that it is started in, so the tasks name theirs from the run's folder and
are loaded there: `lm_eval --include_path mmlu_branch --tasks mmlu_branch`. Nothing in them changes when a run moves.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from workbench.generation.leaf_names import flat_names
from workbench.records import write_text

Record = dict[str, Any]
FOLDER = "mmlu_branch"
LETTERS = "ABCD"
_ASKED = "{{question.strip()}}\n" + "".join(
    f"{letter}. {{{{choices[{place}]}}}}\n" for place, letter in enumerate(LETTERS)
)


def write_tasks(run_folder: Path, questions: Sequence[Record]) -> None:
    """One task for each leaf that has questions; `answer` of a question is the place of the right one, from 0."""
    names = flat_names(sorted({question["leaf"] for question in questions}))
    for leaf, name in names.items():
        rows = [question for question in questions if question["leaf"] == leaf]
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        write_text(run_folder / FOLDER / f"{name}.jsonl", lines)
        write_text(run_folder / FOLDER / f"{name}_task.yaml", _task(leaf, name))


def _task(leaf: str, name: str) -> str:
    content = {
        "task": f"{FOLDER}_{name}",
        "task_alias": leaf,
        "tag": [FOLDER, "mmlu_pr"],
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": f"{FOLDER}/{name}.jsonl"}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": f"{_ASKED}Answer:",
        "doc_to_choice": list(LETTERS),
        "doc_to_target": "answer",
        "num_fewshot": 0,
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": 1.0},
    }
    said = f"# Load it from the run's folder: lm_eval --include_path {FOLDER} --tasks {FOLDER}\n"
    return said + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
