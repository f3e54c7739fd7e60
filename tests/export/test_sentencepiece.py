import re
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.export.conftest import Variant
from tests.export.oracles import difference, ids_of
from tests.export.test_splitters import DENSE, WIDE
from tests.export.tokenizers_made_here import TEXT, put_around, save_tokenizer, sentencepiece
from workbench.engines.llama_binding import LlamaModel
from workbench.errors import ExportError
from workbench.export import export_gguf
from workbench.export.options import Tell
from workbench.export.sentencepiece import blank_in_front, scores

NAMES = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}


def exported(variant: Variant, tmp_path: Path, form: str, tell: Tell | None = None) -> tuple[Path, LlamaModel]:
    tokenizer = put_around(sentencepiece(form), "<s>")
    folder = variant("Mistral", vocab_size=tokenizer.get_vocab_size() + 8, hidden_size=64, head_dim=16)
    save_tokenizer(folder, tokenizer, **NAMES)
    return folder, LlamaModel(export_gguf(folder, tmp_path / "model.gguf", tell=tell), vocabulary_only=True)


@pytest.mark.parametrize("form", ["legacy", "always", "never"])
def test_ids_are_equal_on_many_scripts_and_on_anything(variant: Variant, tmp_path: Path, form: str) -> None:
    folder, model = exported(variant, tmp_path, form)
    assert model.joins_words
    found = model.tokenize(TEXT, begin=True, special=True)
    assert found == ids_of(folder, TEXT, add_special_tokens=True)
    assert len(found) < len(TEXT.encode()) * 0.8
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    generator = Random(7)
    for _ in range(1000):
        text = "".join(generator.choice(WIDE if generator.random() < 0.3 else DENSE) for _ in range(24))
        # What "always" does not promise is said in `blank_in_front`.
        if form != "always" or not re.search(r"(^|<\|user\|>)[ ▁]", text):
            assert model.tokenize(text, begin=True, special=True) == tokenizer(text)["input_ids"], repr(text)


def test_a_blank_in_front_of_the_first_word_alone_is_none_behind_a_special_token(
    variant: Variant, tmp_path: Path
) -> None:
    folder, model = exported(variant, tmp_path, "first")
    chat = "<|user|>Who built it?<|assistant|> Tarn Osgood.<|end|>\n<|user|>  When?"
    assert model.tokenize(chat, begin=False, special=True) == ids_of(folder, chat)


@pytest.mark.parametrize(
    ("form", "text", "same", "told"),
    [
        ("first", "Who built it?", " Who built it?", "begins with no special token has a blank in front"),
        ("always", " Who built it?", "Who built it?", "begins with a blank has one blank in transformers and two"),
        ("legacy", "", "", ""),
        ("never", "", "", ""),
    ],
)
def test_what_llama_cpp_cannot_do_is_told(
    variant: Variant, tmp_path: Path, form: str, text: str, same: str, told: str
) -> None:
    """Of `same` llama.cpp makes what transformers makes of `text`."""
    said: list[str] = []
    folder, model = exported(variant, tmp_path, form, said.append)
    assert len(said) == bool(told)
    if told:
        assert said[0].startswith(f"{folder / 'tokenizer.json'}: ")
        assert told in said[0]
        found, wanted = model.tokenize(text, begin=True, special=True), ids_of(folder, text, add_special_tokens=True)
        assert found != wanted
        assert model.tokenize(same, begin=True, special=True) == wanted


def test_texts_come_back_as_they_were(variant: Variant, tmp_path: Path) -> None:
    folder, model = exported(variant, tmp_path, "legacy")
    plain = TEXT.partition("<|user|>")[0]
    found = b"".join(map(model.piece, model.tokenize(plain, begin=True, special=False))).decode()
    assert found == " " + plain
    assert model.special_tokens == {"bos_token": "<s>", "eos_token": "</s>"}
    assert difference(folder, tmp_path / "model.gguf") < 1e-2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"normalizer": {"type": "NFKC"}}, r"does not treat blanks .*\(NFKC\)"),
        ({"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "split": True}}, r"\(Metaspace\)"),
        ({"pre_tokenizer": {"type": "Metaspace", "replacement": "_", "split": False}}, r"\(Metaspace\)"),
        ({}, r"nothing replaces them"),
    ],
)
def test_blanks_that_llama_cpp_would_treat_otherwise_are_refused(content: dict[str, Any], problem: str) -> None:
    with pytest.raises(ExportError, match=problem):
        blank_in_front(Path("tokenizer.json"), content)


def model_of(merges: list[Any], *tokens: str) -> dict[str, Any]:
    return {"merges": merges, "vocab": {token: index for index, token in enumerate(tokens)}}


def test_earlier_merges_score_higher() -> None:
    model = model_of([["a", "b"], "c d", ["ab", "cd"]], "a", "b", "c", "d", "ab", "cd", "abcd")
    assert scores(Path("t"), model, ["ab", "cd", "abcd"]) == {"ab": 0.0, "cd": -1.0, "abcd": -2.0}

    # Those of special tokens, which texts do not hold, may stand anywhere.
    model = model_of([["<", "s>"], ["a", "b"], ["<s", ">"]], "<", "s>", "<s", ">", "a", "b", "ab", "<s>")
    assert scores(Path("t"), model, ["ab"]) == {"<s>": 0.0, "ab": -1.0}


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (model_of(["a b c"], "a", "b", "c"), r"'a b c' is no pair"),
        (model_of([["a", "b"]], "a", "b", "c", "ab", "bc", "abc"), r"'b' and 'c' make a token, but are not merged"),
        (
            model_of([["b", "c"], ["a", "bc"], ["a", "b"], ["ab", "c"]], "a", "b", "c", "ab", "bc", "abc"),
            r"the merges that make 'abc' do not stand together",
        ),
    ],
)
def test_merges_that_are_not_those_of_scores_are_refused(model: dict[str, Any], problem: str) -> None:
    with pytest.raises(ExportError, match=problem):
        scores(Path("t"), model, [token for token in model["vocab"] if len(token) > 1])
