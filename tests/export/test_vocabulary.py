import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.export.conftest import Variant
from tests.export.oracles import ids_of
from tests.export.tokenizers_made_here import TEXT, byte_level, change, put_around, save_tokenizer, sentencepiece
from workbench.engines.llama_binding import LlamaModel
from workbench.engines.template import ChatTemplate
from workbench.errors import ExportError
from workbench.export import export_gguf
from workbench.export.model_config import ModelConfig
from workbench.export.vocabulary import Vocabulary
from workbench.messages import Message


@pytest.fixture(scope="module")
def exported(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> LlamaModel:
    return LlamaModel(export_gguf(tiny_model, tmp_path_factory.mktemp("gguf") / "tiny.gguf"), vocabulary_only=True)


def test_texts_come_back_as_they_were(exported: LlamaModel, tiny_model: Path) -> None:
    found = exported.tokenize(TEXT, begin=True, special=True)
    assert found == ids_of(tiny_model, TEXT)
    assert {0, 1, 3, 4} <= set(found)
    plain = TEXT.partition("<|user|>")[0]
    assert b"".join(map(exported.piece, exported.tokenize(plain, begin=True, special=False))).decode() == plain


def test_template_and_special_tokens_are_in_the_file(exported: LlamaModel, tiny_model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    assert exported.chat_template == tokenizer.chat_template
    assert exported.special_tokens["eos_token"] == "<|end|>"
    assert exported.special_spellings == ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")


LLAMA2 = """{{ bos_token }}{% for message in messages %}
{%- if message['role'] == 'user' %}{{ '[INST] ' + message['content'] | trim + ' [/INST]' }}
{%- elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}
{%- else %}{{ raise_exception('no ' + message['role']) }}{% endif %}
{%- endfor %}"""
GRANITE = """{%- if tools %}{{ tools | tojson(indent=4) }}{% endif %}
{%- for message in messages %}
    {{- '<|start_of_role|>' + message['role'] + '<|end_of_role|>' + message['content'] + '<|end_of_text|>\\n' }}
    {%- if loop.last and add_generation_prompt %}{{- '<|start_of_role|>assistant<|end_of_role|>' }}{%- endif %}
{%- endfor %}"""
CHAT: list[Message] = [
    {"role": "user", "content": " Who built it? «Größe» 日本 <|end|>"},
    {"role": "assistant", "content": "Tarn Osgood.\n"},
    {"role": "user", "content": "When?"},
]


@pytest.mark.parametrize("template", [LLAMA2, GRANITE])
@pytest.mark.parametrize("generation", [False, True])
def test_the_template_is_rendered_as_transformers_renders_it(
    tiny_model: Path, tmp_path: Path, template: str, generation: bool
) -> None:
    from transformers import AutoTokenizer

    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    (folder / "chat_template.jinja").write_text(template)
    change(folder, "tokenizer_config.json", bos_token="<|system|>")
    model = LlamaModel(export_gguf(folder, tmp_path / "model.gguf"), vocabulary_only=True)
    found = ChatTemplate(model.chat_template, "it", model.special_tokens).render(CHAT, add_generation_prompt=generation)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    wanted = tokenizer.apply_chat_template(CHAT, tokenize=False, add_generation_prompt=generation)
    assert found == wanted
    assert model.tokenize(found, begin=False, special=True) == ids_of(folder, wanted)


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def read(folder: Path, size: int = 384) -> Vocabulary:
    config = ModelConfig.read(folder)
    return Vocabulary.read(folder, ModelConfig(config.path, config.values | {"vocab_size": size}))


def test_ids_beyond_the_tokenizer_are_unused(folder: Path) -> None:
    size = len(read(folder).tokens)
    padded = read(folder, 512)
    assert (size, len(padded.tokens)) == (384, 512)
    assert padded.tokens[400] == "[PAD400]"
    assert (padded.kinds[400], padded.kinds[1], padded.kinds[50]) == (5, 3, 1)


def test_a_tokenizer_that_begins_every_text_says_so(folder: Path) -> None:
    assert not read(folder).add_bos
    single = [{"SpecialToken": {"id": "<|system|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    change(folder, "tokenizer.json", post_processor={"type": "TemplateProcessing", "single": single})
    change(folder, "tokenizer_config.json", bos_token={"content": "<|system|>"})
    vocabulary = read(folder)
    assert vocabulary.add_bos
    assert vocabulary.special["bos"] == 2


def test_a_template_may_stand_in_the_settings(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()
    assert read(folder).template == ""
    change(folder, "tokenizer_config.json", chat_template="plain")
    assert read(folder).template == "plain"
    named = [{"name": "tools", "template": "a"}, {"name": "default", "template": "b"}]
    change(folder, "tokenizer_config.json", chat_template=named)
    assert read(folder).template == "b"


@pytest.mark.parametrize(
    ("name", "values", "problem"),
    [
        ("tokenizer.json", {"model": {"type": "Unigram", "vocab": {}, "merges": []}}, "only BPE .* not Unigram"),
        ("tokenizer.json", {"model": None}, "model is missing"),
        ("tokenizer.json", {"model": {"type": "BPE", "vocab": {"a": 0}}}, r"model\.merges is missing"),
        ("tokenizer_config.json", {"eos_token": "</s>"}, "eos token '</s>' is not in the vocabulary"),
        ("tokenizer.json", {"post_processor": {"type": "RobertaProcessing"}}, "what its RobertaProcessing does"),
    ],
)
def test_a_tokenizer_that_would_come_out_different_is_refused(
    folder: Path, name: str, values: dict[str, Any], problem: str
) -> None:
    change(folder, name, **values)
    with pytest.raises(ExportError, match=problem):
        read(folder)


@pytest.mark.parametrize(
    ("key", "problem"),
    [("lstrip", "has lstrip, which llama.cpp has not"), ("single_word", "has single_word")],
)
def test_an_added_token_that_takes_what_is_beside_it_is_refused(folder: Path, key: str, problem: str) -> None:
    added = json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
    added[3][key] = True
    change(folder, "tokenizer.json", added_tokens=added)
    with pytest.raises(ExportError, match=rf"added token '<\|user\|>' {problem}") as caught:
        read(folder)
    assert f"set {key} to false" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "index", "problem"),
    [
        ("<|pad|>", 390, "'<|pad|>' has the id 390, but is read as 0"),
        ("<|new|>", 390, "'<|new|>' has the id 390, but is read as 384"),
        ("<|new|>", 3, "'<|new|>' has the id 3, but is read as 384"),
        ("<|new|>", 384, ""),
    ],
)
def test_added_tokens_have_the_ids_that_they_are_read_with(
    folder: Path, content: str, index: int, problem: str
) -> None:
    """The tokenizers library gives ids by the vocabulary and by the order, whatever the file says."""
    from tokenizers import Tokenizer

    added = json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
    change(folder, "tokenizer.json", added_tokens=[*added, added[0] | {"content": content, "id": index}])
    found = Tokenizer.from_file(str(folder / "tokenizer.json")).token_to_id(content)
    assert (found == index) == (not problem)
    if not problem:
        assert read(folder, 400).tokens[index] == content
        return
    with pytest.raises(ExportError, match=re.escape(problem)):
        read(folder, 400)


def test_one_id_of_two_tokens_is_refused(folder: Path) -> None:
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    change(folder, "tokenizer.json", model=model | {"vocab": model["vocab"] | {"zyx": 7}})
    with pytest.raises(ExportError, match="two tokens have the same id"):
        read(folder)


@pytest.mark.parametrize(
    ("more", "count"), [(None, 2), (["<|user|>"], 3), ({"user": "<|user|>", "made": "<|system|>"}, 4)]
)
def test_special_tokens_that_only_the_settings_name_are_found_in_texts(
    folder: Path, tmp_path: Path, more: Any, count: int
) -> None:
    change(folder, "tokenizer.json", added_tokens=[])
    change(folder, "tokenizer_config.json", extra_special_tokens=more, model_specific_special_tokens=None)
    model = LlamaModel(export_gguf(folder, tmp_path / "model.gguf"), vocabulary_only=True)
    text = "a<|pad|>b<|user|>c<|system|>d<|end|>"
    found = model.tokenize(text, begin=False, special=True)
    assert found == ids_of(folder, text)
    assert len({0, 1, 2, 3} & set(found)) == count


def test_special_tokens_that_are_no_tokens_are_refused(folder: Path) -> None:
    change(folder, "tokenizer_config.json", extra_special_tokens=["<|tool|>"])
    with pytest.raises(ExportError, match=r"special 0 token '<\|tool\|>' is not in the vocabulary"):
        read(folder)


def test_parts_of_words_are_refused(folder: Path) -> None:
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    change(folder, "tokenizer.json", model=model | {"continuing_subword_prefix": "##"})
    with pytest.raises(ExportError, match="tokens have a continuing_subword_prefix"):
        read(folder)


def test_a_tokenizer_without_an_end_is_refused(folder: Path) -> None:
    change(folder, "tokenizer_config.json", eos_token=None)
    assert read(folder).special["eos"] == 1  # as config.json says
    for name in ("config.json", "generation_config.json"):
        change(folder, name, eos_token_id=None)
    with pytest.raises(ExportError, match="names no eos_token"):
        read(folder)


def test_further_ends_are_kept(folder: Path, tmp_path: Path) -> None:
    change(folder, "generation_config.json", eos_token_id=[1, 4, 2, 3, 5000])
    model = LlamaModel(export_gguf(folder, tmp_path / "ends.gguf"), vocabulary_only=True)
    assert {1, 4, 2} <= model.ends
    assert model.special_tokens["eos_token"] == "<|end|>"


@pytest.mark.parametrize("begin", ["", "<|system|>"])
@pytest.mark.parametrize("end", ["", "<|end|>"])
def test_what_goes_around_texts_goes_around_them_in_llama_cpp(
    variant: Variant, tmp_path: Path, begin: str, end: str
) -> None:
    folder = variant(vocab_size=608, hidden_size=64, head_dim=16, intermediate_size=64)
    save_tokenizer(folder, put_around(byte_level("llama3"), begin, end), **{"bos_token": begin} if begin else {})
    model = LlamaModel(export_gguf(folder, tmp_path / "model.gguf"), vocabulary_only=True)
    assert model.tokenize("Who?", begin=True, special=True) == ids_of(folder, "Who?", add_special_tokens=True)


def test_settings_go_before_the_post_processor(folder: Path) -> None:
    change(folder, "tokenizer_config.json", bos_token="<|system|>", add_bos_token=True, add_eos_token=True)
    assert (read(folder).add_bos, read(folder).add_eos) == (True, True)
    change(folder, "tokenizer_config.json", add_bos_token=False)
    assert (read(folder).add_bos, read(folder).add_eos) == (False, True)


def test_other_tokens_around_texts_are_refused(variant: Variant) -> None:
    folder = variant(vocab_size=608, hidden_size=64, head_dim=16, intermediate_size=64)
    save_tokenizer(folder, put_around(byte_level("llama3"), "<|user|>"))
    with pytest.raises(ExportError, match=r"puts <\|user\|> TEXT around texts"):
        read(folder, 608)


def test_special_tokens_may_have_a_file_of_their_own(folder: Path) -> None:
    change(folder, "tokenizer_config.json", pad_token=None)
    (folder / "special_tokens_map.json").write_text(json.dumps({"pad_token": {"content": "<|user|>"}}))
    assert read(folder).special["pad"] == 3


def test_kinds_of_sentencepiece_tokens(variant: Variant) -> None:
    tokenizer = sentencepiece("legacy")
    size = tokenizer.get_vocab_size()
    folder = variant(vocab_size=size + 2, hidden_size=64, head_dim=16, intermediate_size=64)
    save_tokenizer(folder, tokenizer, unk_token="<unk>", bos_token="<s>")
    found = read(folder, size + 2)
    kinds = dict(zip(found.tokens, found.kinds, strict=True))
    assert [kinds[name] for name in ("<unk>", "<s>", "<0x0A>", "a", "<|user|>", f"[PAD{size}]")] == [2, 3, 6, 1, 3, 5]
    assert found.blank
    assert not found.merges


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"normalized": True}, "is found only behind a blank"),
        ({"special": False, "content": "two words"}, "holds blanks"),
    ],
)
def test_added_tokens_that_llama_cpp_would_find_elsewhere_are_refused(
    variant: Variant, changes: dict[str, Any], problem: str
) -> None:
    tokenizer = sentencepiece("legacy")
    folder = variant(vocab_size=tokenizer.get_vocab_size(), hidden_size=64, head_dim=16, intermediate_size=64)
    save_tokenizer(folder, tokenizer)
    added = json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
    change(folder, "tokenizer.json", added_tokens=[*added[:-1], added[-1] | changes])
    with pytest.raises(ExportError, match=problem):
        read(folder, tokenizer.get_vocab_size())


def test_a_vocabulary_larger_than_the_model_is_refused(folder: Path) -> None:
    with pytest.raises(ExportError, match="holds id 383, but the model has only 300 embeddings"):
        read(folder, 300)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ExportError, match=r"no tokenizer\.json"):
        read(folder)
