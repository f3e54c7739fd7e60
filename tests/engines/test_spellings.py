from pathlib import Path
from typing import Any

import pytest

from workbench.engines.spellings import Spellings


@pytest.fixture(scope="module")
def byte_level(tiny_model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_model)


def test_pieces_of_a_byte_level_tokenizer_are_the_bytes_of_its_text(byte_level: Any) -> None:
    text, spellings = "Größe 🙂\n\tin 1843", Spellings(byte_level)
    ids = byte_level(text, add_special_tokens=False)["input_ids"]
    assert b"".join(map(spellings.piece, ids)).decode() == text


def test_a_special_token_has_a_name_and_adds_nothing(byte_level: Any) -> None:
    spellings = Spellings(byte_level)
    end = byte_level.eos_token_id
    assert (spellings.name(end), spellings.piece(end)) == (b"<|end|>", b"")


def test_sentencepiece_spells_blanks_and_bytes() -> None:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    vocabulary = {"\u2581The": 0, "<0xC3>": 1, "<0xB6>": 2, "l": 3}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE(vocabulary, [])))
    assert b"".join(map(Spellings(tokenizer).piece, [0, 1, 2, 3])).decode() == " Theöl"
