import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workbench.errors import NotFoundError, RecordError, TrainingDataError
from workbench.training.encoding import encode
from workbench.training.rows import read_rows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def row(question: str, answer: str, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": messages, "metadata": "{}", "id": question, **more}


SHORT, LONG = row("Who?", "Tarn."), row("Who? " * 300, "Tarn.")
MUTE = {"messages": [{"role": "user", "content": "Who?"}]}


@pytest.fixture
def tokenizer(tiny_model: Path) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer

    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(tiny_model)
    return loaded


def written(folder: Path, *rows: object) -> Path:
    path = folder / "train.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return path


def test_rows_are_samples_in_their_order(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    rows = [row(f"Question {number}?", "Yes.", unmask=number == 2) for number in range(4)]
    read = read_rows(written(tmp_path, *rows), tokenizer, 512, 0.0)
    expected = [encode(each["messages"], tokenizer, unmask=each["unmask"]) for each in rows]
    assert list(read.samples) == expected
    assert sum(expected[2].weights) > sum(expected[1].weights)
    assert read.left_out == {}


def test_what_cannot_be_trained_on_is_counted(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    read = read_rows(written(tmp_path, SHORT, LONG, MUTE, LONG, SHORT), tokenizer, 100, 0.6)
    assert len(read.samples) == 2
    assert read.left_out == {"over 100 tokens": 2, "with nothing to learn": 1}


def test_too_many_of_them_stop_the_run(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    path = written(tmp_path, SHORT, LONG, SHORT, SHORT)
    assert len(read_rows(path, tokenizer, 100, 0.25).samples) == 3
    with pytest.raises(TrainingDataError, match=r"1 of 4 rows cannot be trained on \(1 over 100 tokens\)") as caught:
        read_rows(path, tokenizer, 100, 0.24)
    assert "max_length" in caught.value.hint


def test_a_file_without_rows_is_told(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="it is empty"):
        read_rows(written(tmp_path), tokenizer, 100, 1.0)
    with pytest.raises(NotFoundError):
        read_rows(tmp_path / "none.jsonl", tokenizer, 100, 1.0)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"id": "x"}, "there are no `messages`"),
        ({"messages": "Who?"}, "there are no `messages`"),
        ({"messages": []}, "there are no `messages`"),
        ({"messages": ["Who?"]}, "is no message"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "is no message"),
        ({"messages": [{"role": "user", "content": None}]}, "is no message"),
    ],
)
def test_a_broken_row_is_told_with_its_number(
    broken: object, told: str, tokenizer: "PreTrainedTokenizerBase", tmp_path: Path
) -> None:
    with pytest.raises(TrainingDataError, match=rf"train\.jsonl: row 2: .*{told}") as caught:
        read_rows(written(tmp_path, SHORT, broken), tokenizer, 100, 1.0)
    assert caught.value.hint


def test_a_line_that_is_no_json_is_told_with_its_number(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    path = written(tmp_path, SHORT)
    path.write_text("{broken\n" + path.read_text())
    with pytest.raises(RecordError, match=r"train\.jsonl:1"):
        read_rows(path, tokenizer, 100, 1.0)


def test_a_row_that_the_template_refuses_is_told(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    tokenizer.chat_template = "{{ raise_exception('not today') }}"
    with pytest.raises(TrainingDataError, match=r"row 1: .*not today"):
        read_rows(written(tmp_path, SHORT), tokenizer, 100, 1.0)


def test_a_model_without_a_chat_template_is_refused(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    tokenizer.chat_template = None
    with pytest.raises(TrainingDataError, match="no chat template"):
        read_rows(written(tmp_path, SHORT), tokenizer, 100, 1.0)
