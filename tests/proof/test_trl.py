"""TRL, where it is installed, trains on our files as they are, on the same tokens and with the same labels."""

import json
from pathlib import Path
from typing import Any

import pytest

from workbench.assets import assets_folder
from workbench.generation.training_rows import DocumentRows, knowledge_rows, skill_rows
from workbench.records import read_jsonl
from workbench.training.encoding import encode
from workbench.training.options import TrainingOptions
from workbench.training.rows import load_tokenizer, read_rows

# TRL and the libraries under it warn of their own affairs.
pytestmark = [pytest.mark.prove, pytest.mark.filterwarnings("ignore")]

# The template of the embedded models, with TRL's marks around what an assistant says.
MARKED = (
    "{% for m in messages %}<|{{ m['role'] }}|>{% if m['role'] == 'assistant' %}"
    "{% generation %}{{ m['content'] }}<|end|>{% endgeneration %}{% else %}{{ m['content'] }}{% endif %}{% endfor %}"
)


def generated(folder: Path) -> Path:
    """A file as a data run writes it: rows with a passage, learned whole, and rows of skills, under a system prompt."""
    records = [
        {
            "id": f"{number:032x}", "leaf": "knowledge/islands", "kind": "knowledge", "domain": "seas",
            "question": f"How high is tower {number}?", "answer": f"{number} metres.", "context": f"Tower {number}.",
        }
        for number in range(12)
    ]  # fmt: skip
    rows = knowledge_rows(records, DocumentRows(share=1.0, unmask=True), 7)
    rows += skill_rows([record | {"kind": "freeform", "context": ""} for record in records])
    path = folder / "knowledge_train_msgs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def trainer(file: Path, model: Path, folder: Path, **more: Any) -> Any:
    """TRL's trainer on the file, told of nothing but where it is."""
    trl, datasets = pytest.importorskip("trl"), pytest.importorskip("datasets")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.chat_template = more.pop("chat_template", tokenizer.chat_template)
    settings = {"max_steps": 2, "per_device_train_batch_size": 4, "max_length": 512, "logging_steps": 1, **more}
    made = trl.SFTConfig(
        str(folder / "out"),
        use_cpu=True,
        bf16=False,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        **settings,
    )
    rows = datasets.load_dataset("json", data_files=str(file), split="train", cache_dir=str(folder / "cache"))
    return trl.SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(model), args=made, train_dataset=rows, processing_class=tokenizer
    )


def token_rows(dataset: Any) -> list[list[int]]:
    return [list(row["input_ids"]) for row in dataset]


@pytest.mark.parametrize("which", ["replayed", "generated"])
def test_trl_trains_on_our_rows_as_they_are(which: str, tiny_model: Path, tmp_path: Path) -> None:
    file = assets_folder() / "replay" / "seedling-base.jsonl" if which == "replayed" else generated(tmp_path)
    made = trainer(file, tiny_model, tmp_path)
    expected = [list(encode(row["messages"], load_tokenizer(tiny_model)).tokens) for row in read_jsonl(file)]
    assert token_rows(made.train_dataset) == expected
    result = made.train()
    assert result.global_step == 2
    assert 0 < result.training_loss < 20


def test_what_trl_learns_of_an_assistant_is_what_we_learn(tiny_model: Path, tmp_path: Path) -> None:
    file = assets_folder() / "replay" / "seedling-base.jsonl"
    made = trainer(file, tiny_model, tmp_path, assistant_only_loss=True, chat_template=MARKED)
    ours = read_rows(file, load_tokenizer(tiny_model), TrainingOptions())
    rows = list(made.train_dataset)
    assert len(rows) == len(ours.samples)
    batch = made.data_collator(rows[:32])
    for labels, sample in zip(batch["labels"].tolist(), ours.samples, strict=False):
        expected = [token if weight else -100 for token, weight in zip(sample.tokens, sample.weights, strict=True)]
        assert labels[: len(sample)] == expected
        assert set(labels[len(sample) :]) <= {-100}
