"""Questions in the form of MMLU: the hub's parquet files, the CSV files of the original archive, or JSON lines.

D. Hendrycks et al., Measuring Massive Multitask Language Understanding, 2021.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.errors import EvaluationError, NotFoundError, RecordError
from workbench.evaluation.questions import LETTERS, Question
from workbench.records import read_jsonl

PREFIX = "mmlu_"
TEST, EXAMPLES = "test", "dev"
# `anatomy/test-00000-of-00001.parquet`, and `test/anatomy_test.csv`
_SPLIT = re.compile(r"(test|dev|validation|val)(?:-\d+-of-\d+)?")
_SUBJECT_AND_SPLIT = re.compile(r"(.+)_(test|dev|validation|val)")
_ALL = "all"

Record = Mapping[str, Any]
Read = Callable[[Path], Iterator[tuple[Record, str]]]


def read_mmlu(folder: Path) -> tuple[list[Question], dict[str, list[Question]]]:
    """Test questions, and by leaf the examples of the split `dev`; a leaf is `mmlu_<subject>`.

    NotFoundError or EvaluationError where there are none, RecordError with file and line for a row that is wrong.
    """
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}", hint="give one with MMLU's files, or hub")
    questions: list[Question] = []
    examples: dict[str, list[Question]] = {}
    for path, subject, split in _files(folder):
        for number, (row, place) in enumerate(_READERS[path.suffix](path)):
            question = _question(row, str(row.get("subject") or subject), f"{split}-{number}", place)
            if split == TEST:
                questions.append(question)
            else:
                examples.setdefault(question.leaf, []).append(question)
    if not questions:
        raise EvaluationError(
            f"{folder} holds no test questions of MMLU",
            hint="it should have test-*.parquet, <subject>_test.csv or <subject>.jsonl, and the same for dev",
        )
    return questions, examples


def _files(folder: Path) -> list[tuple[Path, str, str]]:
    """Files of the two splits with their subjects, in order; all subjects in one file go before those of their own."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in _READERS)
    placed = ((path, _place(path)) for path in paths)
    found = [(path, *place) for path, place in placed if place and place[1] in (TEST, EXAMPLES)]
    together = [each for each in found if each[1] == _ALL]
    return together if any(split == TEST for _, _, split in together) else found


def _place(path: Path) -> tuple[str, str] | None:
    """Subject and split, which a file's name tells; None for what is neither."""
    if found := _SPLIT.fullmatch(path.stem):
        return path.parent.name, found[1]
    if found := _SUBJECT_AND_SPLIT.fullmatch(path.stem):
        return found[1], found[2]
    return (path.stem, TEST) if path.suffix == ".jsonl" else None


def _question(row: Record, subject: str, identity: str, place: str) -> Question:
    asked, choices = row.get("question"), row.get("choices")
    if not isinstance(asked, str) or not asked.strip():
        raise RecordError(f"{place}: question is missing or no text")
    # Choices may be equal: there are such questions in MMLU.
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        raise RecordError(f"{place}: choices is no list of texts")
    if not 2 <= len(choices) <= len(LETTERS):
        raise RecordError(f"{place}: there are {len(choices)} choices, not 2 to {len(LETTERS)}")
    answer = _answer(row.get("answer"), len(choices))
    if answer is None:
        last = len(choices) - 1
        raise RecordError(f"{place}: answer is {row.get('answer')!r}, not 0 to {last} or A to {LETTERS[last]}")
    leaf = PREFIX + subject.removeprefix(PREFIX).replace(" ", "_")
    return Question(identity, leaf, asked, choices[answer], tuple(choices), answer)


def _answer(said: object, count: int) -> int | None:
    """The place of the right choice, given as such or as its letter."""
    if isinstance(said, str) and len(said.strip()) == 1:
        said = LETTERS.find(said.strip())
    if isinstance(said, bool) or not isinstance(said, int):
        return None
    return said if 0 <= said < count else None


def json_rows(path: Path) -> Iterator[tuple[Record, str]]:
    for number, row in enumerate(read_jsonl(path), start=1):
        yield row, f"{path}: row {number}"


def _csv_rows(path: Path) -> Iterator[tuple[Record, str]]:
    """Question, choices and the letter of the right one, without a head."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        for cells in rows:
            if len(cells) < 4:
                raise RecordError(f"{path}:{rows.line_num}: {len(cells)} cells, not question, choices and answer")
            yield {"question": cells[0], "choices": cells[1:-1], "answer": cells[-1]}, f"{path}:{rows.line_num}"


def parquet_rows(path: Path) -> Iterator[tuple[Record, str]]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise EvaluationError(
            f"{path} is a parquet file, which needs the package pyarrow",
            hint='pip install "instructlab-workbench[mmlu]", or give a folder with CSV files or JSON lines',
        ) from error
    try:
        rows: list[Record] = parquet.read_table(path).to_pylist()
    except (ArrowException, OSError) as error:
        raise RecordError(f"{path}: not a parquet file: {error}") from error
    for number, row in enumerate(rows, start=1):
        yield row, f"{path}: row {number}"


_READERS: dict[str, Read] = {".jsonl": json_rows, ".csv": _csv_rows, ".parquet": parquet_rows}
