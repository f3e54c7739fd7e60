import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workbench.errors import Checkpointed, NotFoundError, RecordError, TrainingDataError, TrainingError
from workbench.runs import Stop
from workbench.training.encoding import encode
from workbench.training.options import TrainingOptions
from workbench.training.rows import data_report, load_tokenizer, measure_rows, read_rows, vocabulary_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def row(question: str, answer: str, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": messages, "metadata": "{}", "id": question, **more}


SHORT, LONG = row("Who?", "Tarn."), row("Who? " * 300, "Tarn.")
OTHER = row("Who built the lighthouse of Vel Marin?", "Tarn Osgood.")
MUTE = {"messages": [{"role": "user", "content": "Who?"}]}
SILENT = row("Who built the lighthouse of Vel Marin?", " ")
EMPTY: dict[str, Any] = {"messages": []}


@pytest.fixture
def tokenizer(tiny_model: Path) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer

    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(tiny_model)
    return loaded


def written(folder: Path, *rows: object) -> Path:
    path = folder / "train.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return path


def options(**values: Any) -> TrainingOptions:
    return TrainingOptions.parse({"max_length": 100, "most_left_out": 1.0, **values})


def test_rows_are_samples_in_their_order(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    rows = [row(f"Question {number}?", "Yes.", unmask=number == 2) for number in range(400)]
    read = read_rows(written(tmp_path, *rows), tokenizer, options(most_left_out=0.0))
    expected = [encode(each["messages"], tokenizer, unmask=each["unmask"]) for each in rows]
    assert list(read.samples) == expected
    assert sum(expected[2].weights) > sum(expected[1].weights)
    assert read.left_out == {}


def test_files_are_read_one_behind_the_other(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = [written(tmp_path, SHORT, LONG), written(tmp_path / "other", OTHER)]
    read = read_rows(files, tokenizer, options())
    assert list(read.samples) == [encode(each["messages"], tokenizer) for each in (SHORT, OTHER)]
    assert [(file.rows, file.kept) for file in read.report.files] == [(2, 1), (1, 1)]


def test_what_cannot_be_trained_on_is_counted_with_its_lines(
    tokenizer: "PreTrainedTokenizerBase", tmp_path: Path
) -> None:
    rows = (SHORT, LONG, MUTE, LONG, OTHER, EMPTY, SILENT)
    read = read_rows(written(tmp_path, *rows), tokenizer, options(min_length=10))
    (file,) = read.report.files
    assert len(read.samples) == 1
    reasons = {each.reason: each.lines for each in file.left_out}
    short, mute, silent = (len(encode(each["messages"], tokenizer)) for each in (SHORT, MUTE, SILENT))
    assert max(short, mute) < 10 <= silent
    assert reasons == {
        "under 10 tokens": (1, 3),
        "over 100 tokens": (2, 4),
        "empty": (6,),
        "with nothing to learn": (7,),
    }
    assert read.left_out == {"under 10 tokens": 2, "over 100 tokens": 2, "empty": 1, "with nothing to learn": 1}
    assert (file.tokens, file.learned) == (len(read.samples[0]), sum(map(bool, read.samples[0].weights)))


def test_lengths_at_the_bounds_are_kept(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    length = len(encode(OTHER["messages"], tokenizer))
    path = written(tmp_path, OTHER)
    assert read_rows(path, tokenizer, options(max_length=length, min_length=length)).samples
    for bounds in ({"max_length": length - 1}, {"min_length": length + 1}):
        with pytest.raises(TrainingDataError, match="1 of 1 rows cannot be trained on"):
            read_rows(path, tokenizer, options(**bounds))


def test_too_many_of_them_stop_the_run(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    path = written(tmp_path, SHORT, LONG, SHORT, SHORT)
    assert len(read_rows(path, tokenizer, options(most_left_out=0.25)).samples) == 3
    told = r"1 of 4 rows cannot be trained on \(1 over 100 tokens: line 2\)"
    with pytest.raises(TrainingDataError, match=told) as caught:
        read_rows(path, tokenizer, options(most_left_out=0.24))
    assert "max_length" in caught.value.hint
    (refused,) = measure_rows(path, tokenizer, options(most_left_out=0.24)).report.refused
    assert "training on it is refused" in refused


def test_a_file_without_rows_is_told(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="it is empty"):
        read_rows(written(tmp_path), tokenizer, options())
    with pytest.raises(NotFoundError):
        read_rows(tmp_path / "none.jsonl", tokenizer, options())


def test_documents_become_blocks_behind_the_conversations(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    texts = ["The lighthouse was built in 1843. " * 5, "A harbour is a place where ships may anchor."]
    path = written(tmp_path, {"document": texts[0]}, SHORT, {"text": texts[1]}, {"document": " "})
    read = read_rows(path, tokenizer, options(max_length=32))
    stream = [token for text in texts for token in [*tokenizer(text)["input_ids"], tokenizer.eos_token_id]]
    assert read.samples[0] == encode(SHORT["messages"], tokenizer)
    assert [token for sample in read.samples[1:] for token in sample.tokens] == stream
    assert {len(sample) for sample in read.samples[1:-1]} == {32}
    assert all(set(sample.weights) == {1.0} for sample in read.samples[1:])
    assert read.left_out == {"empty": 1}
    (file,) = read.report.files
    assert (file.rows, file.kept, file.lengths[3]) == (4, 3, len(tokenizer(texts[0])["input_ids"]) + 1)


def test_a_text_file_needs_no_chat_template(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    tokenizer.chat_template = None
    (tmp_path / "lighthouse.md").write_text("# The lighthouse\n\nIt was built in 1843.\n")
    (sample,) = read_rows(tmp_path / "lighthouse.md", tokenizer, options()).samples
    assert tokenizer.decode(sample.tokens) == "# The lighthouse\n\nIt was built in 1843.\n<|end|>"


def test_a_document_of_one_token_teaches_nothing(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    with pytest.raises(
        TrainingDataError, match=r"1 of 1 rows cannot be trained on \(1 with nothing to learn: line 1\)"
    ):
        read_rows(written(tmp_path, {"text": "<|end|>"}), tokenizer, options())


def test_tokens_that_the_model_does_not_know_are_told(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    tokenizer.add_tokens(["Marin"])
    path, known = written(tmp_path, SHORT, row("Vel Marin?", "Yes.")), len(tokenizer)
    assert len(read_rows(path, tokenizer, options(), known).samples) == 2
    told = rf"train\.jsonl:2: vocabulary mismatch: token {known - 1} \(Marin\) is beyond the {known - 1}"
    with pytest.raises(TrainingDataError, match=told) as caught:
        read_rows(path, tokenizer, options(), known - 1)
    assert "embeddings" in caught.value.hint


def test_a_stop_is_heeded_while_rows_are_read(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    stop = Stop()
    stop.request("a test")
    with pytest.raises(Checkpointed, match="a test"):
        read_rows(written(tmp_path, SHORT), tokenizer, options(), stop=stop)


def test_a_report_is_made_for_a_models_folder(tiny_model: Path, tmp_path: Path) -> None:
    report = data_report(written(tmp_path, SHORT, LONG), tiny_model, options())
    assert [(file.rows, file.kept) for file in report.files] == [(2, 1)]
    assert vocabulary_of(tiny_model) == 384
    assert vocabulary_of(tmp_path) is None
    with pytest.raises(NotFoundError, match="no model folder"):
        data_report(tmp_path / "train.jsonl", tmp_path / "none", options())
    with pytest.raises(TrainingError, match=r"no config\.json"):
        load_tokenizer(tmp_path)
    with pytest.raises(TrainingError, match="is a file"):
        load_tokenizer(tmp_path / "train.jsonl")


def test_a_model_without_a_tokenizer_is_told(tiny_model: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "model", ignore=shutil.ignore_patterns("tokenizer*"))
    with pytest.raises(TrainingDataError, match="tokenizer is missing") as caught:
        load_tokenizer(tmp_path / "model")
    assert "tokenizer.json" in caught.value.hint


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"id": "x"}, "there are no `messages`"),
        ({"messages": "Who?"}, "`messages` is no list"),
        ({"messages": ["Who?"]}, "is no message"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "is no message"),
        ({"messages": [{"role": "user", "content": None}]}, "is no message"),
    ],
)
def test_a_broken_row_is_told_with_its_number(
    broken: object, told: str, tokenizer: "PreTrainedTokenizerBase", tmp_path: Path
) -> None:
    with pytest.raises(TrainingDataError, match=rf"train\.jsonl:2: .*{told}") as caught:
        read_rows(written(tmp_path, SHORT, broken), tokenizer, options())
    assert caught.value.hint


def test_a_line_that_is_no_json_is_told_with_its_number(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    path = written(tmp_path, SHORT)
    path.write_text("{broken\n" + path.read_text())
    with pytest.raises(RecordError, match=r"train\.jsonl:1"):
        read_rows(path, tokenizer, options())


def test_a_row_that_the_template_refuses_is_told(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    tokenizer.chat_template = "{{ raise_exception('not today') }}"
    with pytest.raises(TrainingDataError, match=r"train\.jsonl:1: .*not today"):
        read_rows(written(tmp_path, SHORT), tokenizer, options())


def test_a_chat_template_of_another_model_is_refused(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    tokenizer.chat_template = "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"
    with pytest.raises(TrainingDataError, match=r"that of another model: .* <\|im_start\|>, <\|im_end\|>, and"):
        read_rows(written(tmp_path, SHORT), tokenizer, options())


def test_a_model_without_a_chat_template_is_refused(tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    tokenizer.chat_template = None
    with pytest.raises(TrainingDataError, match="no chat template"):
        read_rows(written(tmp_path, SHORT), tokenizer, options())
