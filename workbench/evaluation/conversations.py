"""Conversations of two turns to be rated: the workbench's own, or questions in the form of MT-Bench.

A folder holds `question.jsonl` (question_id, category, turns, reference) and may hold `reference_answer/*.jsonl`
(question_id, choices of which the first has turns). L. Zheng et al., Judging LLM-as-a-Judge with MT-Bench and Chatbot
Arena, 2023.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.assets import assets_folder
from workbench.errors import EvaluationError, NotFoundError, RecordError
from workbench.evaluation.banks import HUB, OWN
from workbench.evaluation.datasets import dataset_folder
from workbench.evaluation.mmlu import json_rows, parquet_rows
from workbench.evaluation.questions import Question

REPOSITORY = "lighteval/mt-bench"
_ON_HUB = re.compile(r"[\w.-]+/[\w.-]+")
_PATTERNS = ("data/*.parquet",)
# What the questions of MT-Bench are numbered.
_NUMBERS = {str(number) for number in range(81, 161)}
_MOST_TURNS = 2

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Conversations:
    """`set` is `own`, `mt_bench`, or `given` for questions of somebody else's."""

    set: str
    title: str
    questions: list[Question]


def read_conversations(data: str, resolve: Callable[[str], Path]) -> Conversations:
    """The workbench's own where no data are named, else those of a folder, a file, or a data set of the hub."""
    if not data:
        paths = sorted((assets_folder() / "benchmarks" / "conversations").glob("*.jsonl"))
        found = read_questions((row for path in paths for row in _rows(path)), {}, "conversations")
        return Conversations(OWN, "Workbench's own conversations", found)
    path = _located(data, resolve)
    files = _question_files(path)
    given = _reference_answers(path if path.is_dir() else path.parent)
    found = read_questions((row for file in files for row in _rows(file)), given, "mt_bench")
    if {question.id for question in found} == _NUMBERS:
        return Conversations("mt_bench", "MT-Bench", found)
    return Conversations("given", f"Conversations of {data}", found)


def read_questions(rows: Iterable[tuple[Record, str]], given: Mapping[str, list[str]], prefix: str) -> list[Question]:
    """One question a row, of the leaf `<prefix>_<category>`; references that are `given` by id go before the row's own.

    RecordError with file and row for one that is wrong, and for an id that occurs twice.
    """
    found: dict[str, Question] = {}
    for row, place in rows:
        question = _question(row, given, prefix, place)
        if question.id in found:
            raise RecordError(f"{place}: another question has the question_id {question.id} already")
        found[question.id] = question
    return list(found.values())


def _question(row: Record, given: Mapping[str, list[str]], prefix: str, place: str) -> Question:
    identity, category = row.get("question_id", row.get("prompt_id")), row.get("category")
    if isinstance(identity, bool) or not isinstance(identity, int | str) or not str(identity).strip():
        raise RecordError(f"{place}: question_id is missing")
    if not isinstance(category, str) or not category.strip():
        raise RecordError(f"{place}: category is missing or no text")
    turns = _texts(row.get("turns", row.get("prompt")), f"{place}: turns")
    if not 1 <= len(turns) <= _MOST_TURNS or not all(turn.strip() for turn in turns):
        raise RecordError(f"{place}: turns must be one or two texts")
    references = given.get(str(identity)) or _texts(row.get("reference") or [], f"{place}: reference")
    if len(references) > len(turns):
        raise RecordError(f"{place}: there are {len(references)} references and {len(turns)} turns")
    references = [text.strip() for text in references] + [""] * (len(turns) - len(references))
    return Question(
        str(identity),
        f"{prefix}_{category.strip()}",
        turns[0],
        references[0],
        category=category.strip(),
        later=tuple(turns[1:]),
        later_expected=tuple(references[1:]),
    )


def _reference_answers(folder: Path) -> dict[str, list[str]]:
    """By id; RecordError where two files, or two rows, answer the same question."""
    found: dict[str, list[str]] = {}
    for path in sorted((folder / "reference_answer").glob("*.jsonl")):
        for row, place in _rows(path):
            identity, choices = str(row.get("question_id")), row.get("choices")
            if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
                raise RecordError(f"{place}: choices is no list of answers")
            if identity in found:
                raise RecordError(
                    f"{place}: question {identity} has another reference answer already", hint="keep one file of them"
                )
            found[identity] = _texts(choices[0].get("turns"), f"{place}: turns")
    return found


def _texts(value: object, place: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise RecordError(f"{place} is no list of texts")
    return value


def _located(data: str, resolve: Callable[[str], Path]) -> Path:
    path = resolve(data)
    if path.exists():
        return path
    if data == HUB or _ON_HUB.fullmatch(data):
        return dataset_folder(REPOSITORY if data == HUB else data, _PATTERNS, "--mt-bench-data")
    raise NotFoundError(
        f"there is no folder or file {path}", hint="give one with question.jsonl, hub, or the name of a data set there"
    )


def _question_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    named = path / "question.jsonl"
    files = [named] if named.is_file() else sorted(path.glob("data/*.parquet"))
    if not files:
        raise EvaluationError(f"{path} holds no conversations", hint="it should have question.jsonl or data/*.parquet")
    return files


def _rows(path: Path) -> Iterator[tuple[Record, str]]:
    return parquet_rows(path) if path.suffix == ".parquet" else json_rows(path)
