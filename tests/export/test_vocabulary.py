import json
import shutil
import unicodedata
from pathlib import Path
from random import Random
from typing import Any

import pytest

from workbench.engines.llama_binding import LlamaModel
from workbench.errors import ExportError
from workbench.export import export_gguf
from workbench.export.vocabulary import Vocabulary

TEXT = """= Größen & Maße\n\n|===\n| Jahr | Höhe (m) \n\n| 1843 | 27,5 \n| 2024 | 1.234,75\n|===\n
The keeper's lamp didn't burn; we'll ask who'd've lit it, 'TIS said.  Two  blanks,   three,\ttabs\t\tand trailing  \r\n
   indented\n\n\n\n日本語の文章、中文和한국어 문장. Русский язык — «кавычки». Ελληνικά; हिन्दी भाषा, العربية ٣٤٥, ไทย
½ ² Ⅷ ① naïve cafe\u0301 👩‍🚀👍🏽\u00a0x\u2003y\u3000z "quoted" (a+b)*c^2 <= 3.14e-10 != x_y #tag @at $5 100%
~/a\\b `code`
<|user|>Who?<|assistant|>Tarn Osgood.<|end|><|pad|>"""
WIDE = [chr(code) for code in range(32, 0x3000) if unicodedata.category(chr(code)) not in ("Cs", "Cn", "Co")]
DENSE = [
    *" \n\t\r  '0123456789.,|=-",
    "'s",
    "'ll",
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
]


@pytest.fixture(scope="module")
def exported(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> LlamaModel:
    return LlamaModel(export_gguf(tiny_model, tmp_path_factory.mktemp("gguf") / "tiny.gguf"), vocabulary_only=True)


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_model)


def ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def test_ids_are_equal_on_many_scripts(exported: LlamaModel, tokenizer: Any) -> None:
    found = exported.tokenize(TEXT, begin=True, special=True)
    assert found == ids(tokenizer, TEXT)
    assert {0, 1, 3, 4} <= set(found)
    plain = TEXT.partition("<|user|>")[0]
    assert b"".join(map(exported.piece, exported.tokenize(plain, begin=True, special=False))).decode() == plain


def test_ids_are_equal_on_anything(exported: LlamaModel, tokenizer: Any) -> None:
    generator = Random(5)
    for _ in range(2000):
        text = "".join(generator.choice(WIDE if generator.random() < 0.3 else DENSE) for _ in range(24))
        assert exported.tokenize(text, begin=True, special=True) == ids(tokenizer, text), repr(text)


def test_template_and_special_tokens_are_in_the_file(exported: LlamaModel, tokenizer: Any) -> None:
    assert exported.chat_template == tokenizer.chat_template
    assert exported.special_tokens["eos_token"] == "<|end|>"
    assert exported.special_spellings == ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def change(folder: Path, name: str, **values: Any) -> None:
    content = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(content | values))


def test_ids_beyond_the_tokenizer_are_unused(folder: Path) -> None:
    size = len(Vocabulary.read(folder, 384).tokens)
    padded = Vocabulary.read(folder, 512)
    assert (size, len(padded.tokens)) == (384, 512)
    assert padded.tokens[400] == "[PAD400]"
    assert (padded.kinds[400], padded.kinds[1], padded.kinds[50]) == (5, 3, 1)


def test_a_tokenizer_that_begins_every_text_says_so(folder: Path) -> None:
    assert not Vocabulary.read(folder, 384).add_bos
    single = [{"SpecialToken": {"id": "<|system|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    change(folder, "tokenizer.json", post_processor={"type": "TemplateProcessing", "single": single})
    change(folder, "tokenizer_config.json", bos_token={"content": "<|system|>"})
    vocabulary = Vocabulary.read(folder, 384)
    assert vocabulary.add_bos
    assert vocabulary.special["bos"] == 2


def test_a_template_may_stand_in_the_settings(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()
    assert Vocabulary.read(folder, 384).template == ""
    change(folder, "tokenizer_config.json", chat_template="plain")
    assert Vocabulary.read(folder, 384).template == "plain"
    named = [{"name": "tools", "template": "a"}, {"name": "default", "template": "b"}]
    change(folder, "tokenizer_config.json", chat_template=named)
    assert Vocabulary.read(folder, 384).template == "b"


GPT2 = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


@pytest.mark.parametrize(
    ("splitter", "before"),
    [
        ("gpt-2", GPT2),
        ("smollm", {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, GPT2]}),
    ],
)
def test_splitters_are_known_by_what_they_do(folder: Path, splitter: str, before: dict[str, Any]) -> None:
    change(folder, "tokenizer.json", pre_tokenizer=before)
    assert Vocabulary.read(folder, 384).splitter == splitter


@pytest.mark.parametrize(
    ("name", "values", "problem"),
    [
        ("tokenizer.json", {"pre_tokenizer": {"type": "Whitespace"}}, r"no name for this pre-tokenizer \(Whitespace\)"),
        ("tokenizer.json", {"pre_tokenizer": GPT2 | {"add_prefix_space": True}}, "no name for this pre-tokenizer"),
        ("tokenizer.json", {"pre_tokenizer": None}, "no name for this pre-tokenizer"),
        ("tokenizer.json", {"normalizer": {"type": "Lowercase"}}, r"normalizes text \(Lowercase\)"),
        ("tokenizer.json", {"model": {"type": "Unigram", "vocab": {}, "merges": []}}, "byte-level BPE"),
        ("tokenizer_config.json", {"eos_token": None}, "names no eos_token"),
        ("tokenizer_config.json", {"eos_token": "</s>"}, "'</s>' is not in the vocabulary"),
    ],
)
def test_a_tokenizer_that_would_come_out_different_is_refused(
    folder: Path, name: str, values: dict[str, Any], problem: str
) -> None:
    change(folder, name, **values)
    with pytest.raises(ExportError, match=problem):
        Vocabulary.read(folder, 384)


def test_a_vocabulary_larger_than_the_model_is_refused(folder: Path) -> None:
    with pytest.raises(ExportError, match="holds id 383, but the model has only 300 embeddings"):
        Vocabulary.read(folder, 300)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ExportError, match=r"no tokenizer\.json"):
        Vocabulary.read(folder, 384)
