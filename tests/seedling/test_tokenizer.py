from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workbench.seedling.tokenizer import CHAT_TEMPLATE, END, PAD, SPECIAL, save_tokenizer, train_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TEXTS = ["Velmar Light was built in 1843 by Tarn Osgood.", "Where does Velmar Light stand? In Osholm."] * 20


@pytest.fixture(scope="module")
def tokenizer() -> "Tokenizer":
    return train_tokenizer(TEXTS, 300)


def test_it_has_exactly_as_many_entries_as_asked_for(tokenizer: "Tokenizer") -> None:
    assert tokenizer.get_vocab_size() == 300
    assert [tokenizer.token_to_id(token) for token in SPECIAL] == [0, 1, 2, 3, 4]


def test_equal_texts_give_an_equal_one(tokenizer: "Tokenizer") -> None:
    assert train_tokenizer(TEXTS, 300).to_str() == tokenizer.to_str()
    assert train_tokenizer(TEXTS[:1], 290).to_str() != tokenizer.to_str()


@pytest.mark.parametrize("text", ["Velmar 1843", " two  blanks ", "é 🙂 \n\t", "<|end|> spelled <|user|>"])
def test_any_text_comes_back(text: str, tokenizer: "Tokenizer") -> None:
    assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text


def test_digits_stand_alone(tokenizer: "Tokenizer") -> None:
    ids = tokenizer.encode("1843").ids
    assert [tokenizer.decode([each]) for each in ids] == ["1", "8", "4", "3"]
    assert not [token for token in tokenizer.get_vocab() if sum(letter.isdigit() for letter in token) > 1]


def test_it_is_saved_as_transformers_reads_it(tokenizer: "Tokenizer", tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    save_tokenizer(tokenizer, tmp_path / "deep", 128)
    loaded = AutoTokenizer.from_pretrained(tmp_path / "deep")
    assert (loaded.eos_token, loaded.pad_token, loaded.bos_token, loaded.model_max_length) == (END, PAD, None, 128)
    assert loaded.chat_template == CHAT_TEMPLATE
    messages = [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "In Osholm."}]
    assert loaded.apply_chat_template(messages, tokenize=False) == "<|user|>Where?<|assistant|>In Osholm.<|end|>"
    asked = loaded.apply_chat_template(messages[:1], tokenize=False, add_generation_prompt=True)
    assert asked == "<|user|>Where?<|assistant|>"
    assert loaded(asked, add_special_tokens=True)["input_ids"] == tokenizer.encode(asked).ids
