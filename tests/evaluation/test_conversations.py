import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.conftest import write_rows
from workbench.errors import EvaluationError, NotFoundError, RecordError
from workbench.evaluation import conversations
from workbench.evaluation.conversations import Conversations, read_conversations

ROW = {"question_id": 101, "category": "reasoning", "turns": ["Who?", "And then?"], "reference": ["You.", "They."]}


def lay_out(folder: Path, *rows: Mapping[str, Any], answers: Sequence[Mapping[str, Any]] = ()) -> Path:
    write_rows(folder / "question.jsonl", rows)
    if answers:
        write_rows(folder / "reference_answer" / "gpt-4.jsonl", answers)
    return folder


def read(folder: Path) -> Conversations:
    return read_conversations(folder.name, lambda name: folder)


def test_questions_have_turns_and_references(tmp_path: Path) -> None:
    found = read(lay_out(tmp_path, ROW, ROW | {"question_id": "b", "reference": None, "turns": ["Alone?"]}))
    first, second = found.questions
    assert (first.id, first.leaf, first.category) == ("101", "mt_bench_reasoning", "reasoning")
    assert first.turns == ("Who?", "And then?")
    assert first.references == ("You.", "They.")
    assert (second.turns, second.references) == (("Alone?",), ("",))


def test_what_is_not_mt_bench_is_not_called_so(tmp_path: Path) -> None:
    whole = [ROW | {"question_id": number} for number in range(81, 161)]
    assert read(lay_out(tmp_path / "whole", *whole)).title == "MT-Bench"
    found = read(lay_out(tmp_path / "mine", *whole[:40]))
    assert (found.set, found.title) == ("given", "Conversations of mine")


def test_reference_answers_of_a_file_go_first(tmp_path: Path) -> None:
    answer = {"question_id": 101, "choices": [{"index": 0, "turns": ["Me.", "Us."]}]}
    folder = lay_out(tmp_path, ROW, ROW | {"question_id": 102}, answers=[answer])
    assert [each.references for each in read(folder).questions] == [("Me.", "Us."), ("You.", "They.")]


def test_a_file_will_do(tmp_path: Path) -> None:
    answer = {"question_id": 101, "choices": [{"index": 0, "turns": ["Me.", "Us."]}]}
    folder = lay_out(tmp_path, ROW, answers=[answer])
    assert read(folder / "question.jsonl").questions == read(folder).questions


def test_two_reference_answers_to_a_question_are_refused(tmp_path: Path) -> None:
    answer = {"question_id": 101, "choices": [{"index": 0, "turns": ["Me."]}]}
    folder = lay_out(tmp_path, ROW, answers=[answer])
    write_rows(folder / "reference_answer" / "other.jsonl", [answer])
    with pytest.raises(RecordError, match=r"other.jsonl: row 1: question 101 has another") as raised:
        read(folder)
    assert "keep one" in raised.value.hint


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"question_id": None}, "question_id is missing"),
        ({"question_id": " "}, "question_id is missing"),
        ({"category": 7}, "category is missing"),
        ({"turns": "Who?"}, "turns is no list"),
        ({"turns": []}, "one or two texts"),
        ({"turns": ["a", "b", "c"]}, "one or two texts"),
        ({"turns": ["Who?", " "]}, "one or two texts"),
        ({"reference": "You."}, "reference is no list"),
        ({"turns": ["Who?"]}, "2 references and 1 turns"),
    ],
)
def test_a_wrong_row_is_named_with_its_place(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(RecordError, match=f"question.jsonl: row 2: .*{said}"):
        read(lay_out(tmp_path, ROW | {"question_id": 1}, ROW | changes))


def test_an_id_may_occur_once(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="row 2: another question has the question_id 101"):
        read(lay_out(tmp_path, ROW, ROW))


def test_broken_json_and_broken_reference_answers_are_named(tmp_path: Path) -> None:
    (tmp_path / "question.jsonl").write_text(json.dumps(ROW) + "\nno json\n")
    with pytest.raises(RecordError, match=r"question.jsonl:2"):
        read(tmp_path)
    with pytest.raises(RecordError, match=r"gpt-4.jsonl: row 1: choices"):
        read(lay_out(tmp_path / "more", ROW, answers=[{"question_id": 101, "choices": []}]))


def test_nothing_there_is_an_error_that_says_what_should_be(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no folder or file") as raised:
        read_conversations("nowhere", lambda name: tmp_path / name)
    assert "question.jsonl, hub" in raised.value.hint
    with pytest.raises(EvaluationError, match="holds no conversations"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("data", "repository"), [("hub", "lighteval/mt-bench"), ("someone/prompts", "someone/prompts")]
)
def test_a_data_set_of_the_hub_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str, repository: str
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = pytest.importorskip("pyarrow")
    named = {"prompt_id": 5, "category": "math", "prompt": ["One?", "Two?"], "reference": []}
    (tmp_path / "data").mkdir()
    parquet.write_table(pyarrow.Table.from_pylist([named]), tmp_path / "data" / "train-00000-of-00001.parquet")
    asked: list[str] = []

    def folder(name: str, patterns: Sequence[str], option: str) -> Path:
        asked.append(name)
        return tmp_path

    monkeypatch.setattr(conversations, "dataset_folder", folder)
    (found,) = read_conversations(data, lambda name: tmp_path / "absent").questions
    assert asked == [repository]
    assert (found.id, found.turns, found.references) == ("5", ("One?", "Two?"), ("", ""))


def test_without_data_the_own_ones_are_taken() -> None:
    found = read_conversations("", Path)
    assert (found.set, found.title) == ("own", "Workbench's own conversations")
    assert {question.leaf for question in found.questions} == {
        f"conversations_{name}" for name in ("extraction", "humanities", "reasoning", "writing")
    }
