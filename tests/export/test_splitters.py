import json
import shutil
import unicodedata
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.export.conftest import Variant
from tests.export.oracles import ids_of
from tests.export.tokenizers_made_here import TEXT, byte_level, change, save_tokenizer
from workbench.engines.llama_binding import LlamaModel
from workbench.errors import ExportError
from workbench.export import export_gguf
from workbench.export.model_config import ModelConfig
from workbench.export.splitters import COMPOSED, splitter
from workbench.export.vocabulary import Vocabulary
from workbench.records import read_json

FAMILIES = {"gpt2": "gpt-2", "granite": "smollm", "llama3": "llama-bpe", "dbrx": "dbrx", "qwen2": "qwen2"}
WIDE = [chr(code) for code in range(32, 0x3000) if unicodedata.category(chr(code)) not in ("Cs", "Cn", "Co")]
DENSE = [
    *" \n\t\r  '0123456789.,|=-",
    "'s",
    "'LL",
    "|===",
    "  ",
    "\n\n",
    "don't",
    "12",
    "日",
    "é",
    "\u2019",
    "\u00a0",
    "²",
    "👍🏽",
    "हिन्दी",
    "<|user|>",
]


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


@pytest.mark.parametrize("family", FAMILIES)
def test_ids_are_equal_on_many_scripts_and_on_anything(variant: Variant, tmp_path: Path, family: str) -> None:
    folder = variant(vocab_size=608, hidden_size=64, head_dim=16, intermediate_size=64)
    save_tokenizer(folder, byte_level(family))
    assert splitter(folder, read_json(folder / "tokenizer.json")) == FAMILIES[family]
    told: list[str] = []
    model = LlamaModel(export_gguf(folder, tmp_path / "model.gguf", tell=told.append), vocabulary_only=True)
    assert [COMPOSED in note for note in told] == [True] * (family == "qwen2")
    found = model.tokenize(TEXT, begin=True, special=True)
    assert found == ids_of(folder, TEXT)
    assert len(found) < len(TEXT.encode()) * 0.8
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    generator = Random(5)
    for _ in range(1000):
        drawn = "".join(generator.choice(WIDE if generator.random() < 0.3 else DENSE) for _ in range(24))
        # Llama.cpp composes no characters, so that Qwen's ids are promised for composed text only.
        text = unicodedata.normalize("NFC", drawn) if family == "qwen2" else drawn
        assert model.tokenize(text, begin=True, special=True) == tokenizer(text)["input_ids"], repr(text)


def test_words_in_the_vocabulary_are_left_whole_where_the_tokenizer_does(variant: Variant, tmp_path: Path) -> None:
    """A token that merges cannot make tells `llama-bpe` from `dbrx`."""
    for family in ("llama3", "dbrx"):
        folder = variant(name=family, vocab_size=608, hidden_size=64, head_dim=16, intermediate_size=64)
        save_tokenizer(folder, byte_level(family))
        content = read_json(folder / "tokenizer.json")
        content["model"]["vocab"]["Ġzyx"] = len(content["model"]["vocab"])
        (folder / "tokenizer.json").write_text(json.dumps(content))
        model = LlamaModel(export_gguf(folder, tmp_path / f"{family}.gguf"), vocabulary_only=True)
        found = model.tokenize("a zyx", begin=True, special=True)
        assert found == ids_of(folder, "a zyx")
        assert (content["model"]["vocab"]["Ġzyx"] in found) == (family == "llama3")


GPT2 = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"pre_tokenizer": {"type": "Whitespace"}}, r"no name for this pre-tokenizer \(Whitespace\)"),
        ({"pre_tokenizer": GPT2 | {"add_prefix_space": True}}, r"no name for this pre-tokenizer \(ByteLevel\)"),
        ({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [GPT2, GPT2]}}, r"\(ByteLevel, ByteLevel\)"),
        ({"pre_tokenizer": None}, "no name for this pre-tokenizer"),
        ({"normalizer": {"type": "Lowercase"}}, r"normalizes text \(Lowercase\)"),
    ],
)
def test_a_tokenizer_that_would_come_out_different_is_refused(
    folder: Path, values: dict[str, Any], problem: str
) -> None:
    change(folder, "tokenizer.json", **values)
    with pytest.raises(ExportError, match=problem):
        Vocabulary.read(folder, ModelConfig.read(folder))


def test_whole_words_are_part_of_the_name(folder: Path) -> None:
    content = read_json(folder / "tokenizer.json")
    content["model"]["ignore_merges"] = True
    with pytest.raises(ExportError, match=r"\(Digits, ByteLevel and whole words\)") as caught:
        splitter(folder, content)
    assert "llama-bpe" in caught.value.hint
