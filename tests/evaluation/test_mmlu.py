import json
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import EvaluationError, NotFoundError, RecordError
from workbench.evaluation.mmlu import read_mmlu
from workbench.evaluation.questions import Question
from workbench.records import write_text

ROW = {"question": "Which is red?", "choices": ["blood", "grass", "sky", "sky"], "answer": 0}


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    write_text(path, "".join(json.dumps(row) + "\n" for row in rows))
    return path


def names(questions: list[Question]) -> list[tuple[str, str]]:
    return [question.key for question in questions]


def test_json_lines_are_test_questions_of_the_subject_that_their_file_names(tmp_path: Path) -> None:
    lines(tmp_path / "deep sea.jsonl", ROW, ROW | {"answer": "D"})
    questions, examples = read_mmlu(tmp_path)
    assert names(questions) == [("mmlu_deep_sea", "test-0"), ("mmlu_deep_sea", "test-1")]
    assert [question.answer for question in questions] == [0, 3]
    assert questions[0].choices == ("blood", "grass", "sky", "sky")
    assert examples == {}


def test_examples_are_those_of_dev(tmp_path: Path) -> None:
    lines(tmp_path / "colours_test.jsonl", ROW)
    lines(tmp_path / "colours_dev.jsonl", ROW | {"question": "Which is green?", "answer": 1})
    lines(tmp_path / "colours_val.jsonl", ROW)
    questions, examples = read_mmlu(tmp_path)
    assert names(questions) == [("mmlu_colours", "test-0")]
    assert [each.asked for each in examples["mmlu_colours"]] == ["Which is green?"]


def test_the_original_archive_is_read(tmp_path: Path) -> None:
    write_text(
        tmp_path / "data/test/anatomy_test.csv",
        '"Which, of these,\nis a bone?",rib,ear,eye,lip,A\nWhich not?,a,b,c,d,D\n',
    )
    write_text(tmp_path / "data/dev/anatomy_dev.csv", "Which is an eye?,rib,ear,eye,lip,C\n")
    write_text(tmp_path / "data/auxiliary_train/race.csv", "x,y\n")
    questions, examples = read_mmlu(tmp_path)
    assert [(each.asked, each.expected) for each in questions] == [
        ("Which, of these,\nis a bone?", "rib"),
        ("Which not?", "d"),
    ]
    assert [each.expected for each in examples["mmlu_anatomy"]] == ["eye"]


def test_parquet_files_of_the_hub_are_read(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pip install instructlab-workbench[mmlu]")
    from pyarrow import parquet

    rows = [ROW | {"subject": subject} for subject in ("anatomy", "law", "anatomy")]
    for name in ("all/test-00000-of-00001", "all/dev-00000-of-00001", "anatomy/test-00000-of-00001"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
    questions, examples = read_mmlu(tmp_path)
    assert names(questions) == [("mmlu_anatomy", "test-0"), ("mmlu_law", "test-1"), ("mmlu_anatomy", "test-2")]
    assert {leaf: len(each) for leaf, each in examples.items()} == {"mmlu_anatomy": 2, "mmlu_law": 1}
    (tmp_path / "all/test-00000-of-00001.parquet").write_bytes(b"none")
    with pytest.raises(RecordError, match="not a parquet file"):
        read_mmlu(tmp_path)


def test_without_its_package_parquet_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "test-00000-of-00001.parquet").write_bytes(b"")
    with pytest.raises(EvaluationError, match="needs the package pyarrow") as raised:
        read_mmlu(tmp_path)
    assert "[mmlu]" in raised.value.hint


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"question": " "}, "question is missing"),
        ({"choices": "ABCD"}, "no list of texts"),
        ({"choices": ["one"]}, "1 choices, not 2 to 26"),
        ({"answer": 4}, "answer is 4, not 0 to 3 or A to D"),
        ({"answer": "E"}, "answer is 'E'"),
        ({"answer": True}, "answer is True"),
        ({"answer": None}, "answer is None"),
    ],
)
def test_a_row_that_is_wrong_is_named(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = lines(tmp_path / "colours.jsonl", ROW, ROW | change)
    with pytest.raises(RecordError, match=said) as raised:
        read_mmlu(tmp_path)
    assert raised.value.message.startswith(f"{path}: row 2")


def test_a_short_line_of_a_csv_file_is_named(tmp_path: Path) -> None:
    write_text(tmp_path / "law_test.csv", '"Who\nis it?",a,b,A\nWho?,a\n')
    with pytest.raises(RecordError, match=r"law_test\.csv:3: 2 cells"):
        read_mmlu(tmp_path)


def test_a_folder_without_questions_is_an_error(tmp_path: Path) -> None:
    lines(tmp_path / "colours_dev.jsonl", ROW)
    with pytest.raises(EvaluationError, match="no test questions") as raised:
        read_mmlu(tmp_path)
    assert "_test.csv" in raised.value.hint
    with pytest.raises(NotFoundError, match="no folder"):
        read_mmlu(tmp_path / "nowhere")
