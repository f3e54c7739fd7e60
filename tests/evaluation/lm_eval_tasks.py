"""Our own questions in the files of MMLU and of a data run, and tasks of lm-eval that ask them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from workbench.records import read_jsonl, write_text

DEV = 6
_ASKED = "{{question.strip()}}\nA. {{choices[0]}}\nB. {{choices[1]}}\nC. {{choices[2]}}\nD. {{choices[3]}}\nAnswer:"
_TEXTS = "{{[choices[0], choices[1], choices[2], choices[3]]}}"


def write_questions(folder: Path, source: Path, subjects: Sequence[str], items: int) -> None:
    """`<subject>_dev.jsonl` and `<subject>_test.jsonl` as MMLU has them, the latter also for a branch."""
    for subject in subjects:
        rows = list(read_jsonl(source / f"{subject}.jsonl"))
        _write(folder / "mmlu" / f"{subject}_dev.jsonl", rows[:DEV])
        _write(folder / "mmlu" / f"{subject}_test.jsonl", rows[DEV : DEV + items])
        _write(folder / "branch" / f"{subject}.jsonl", rows[DEV : DEV + items])


def write_tasks(folder: Path, subjects: Sequence[str], *, texts: bool) -> list[str]:
    """Tasks as stock MMLU has them, whose examples are of `dev`; and with `texts` as those of a branch, which take them
    from the test questions."""
    names = []
    for subject in subjects:
        name = f"{'branch' if texts else 'mmlu'}_{subject}"
        files = {"test": folder / "mmlu" / f"{subject}_test.jsonl", "dev": folder / "mmlu" / f"{subject}_dev.jsonl"}
        content = {
            "task": name,
            "dataset_path": "json",
            "dataset_kwargs": {"data_files": {split: str(path) for split, path in files.items()}},
            "test_split": "test",
            "fewshot_split": "test" if texts else "dev",
            "fewshot_config": {"sampler": "first_n"},
            "output_type": "multiple_choice",
            "doc_to_text": _ASKED,
            "doc_to_choice": _TEXTS if texts else list("ABCD"),
            "doc_to_target": "answer",
            "description": "" if texts else _heading(subject),
            "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
        }
        write_text(folder / "tasks" / f"{name}.yaml", yaml.safe_dump(content, sort_keys=False))
        names.append(name)
    return names


def _heading(subject: str) -> str:
    return f"The following are multiple choice questions (with answers) about {subject.replace('_', ' ')}.\n\n"


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    write_text(path, "".join(json.dumps(row) + "\n" for row in rows))
