from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workbench.errors import TrainingDataError
from workbench.training.blocks import blocks, encode_documents
from workbench.training.encoding import Sample

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@pytest.fixture
def tokenizer(tiny_model: Path) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer

    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(tiny_model)
    return loaded


def test_documents_are_cut_as_one_stream_and_the_last_block_is_short() -> None:
    found = list(blocks([[1, 2, 3, 0], [4, 5, 6, 7, 8, 0]], 4))
    assert [sample.tokens for sample in found] == [(1, 2, 3, 0), (4, 5, 6, 7), (8, 0)]
    assert found[2] == Sample((8, 0), (1.0, 1.0))


def test_a_token_alone_is_no_block() -> None:
    assert [sample.tokens for sample in blocks([[1, 2, 3, 4, 0]], 4)] == [(1, 2, 3, 4)]
    assert list(blocks([], 4)) == []


def test_a_document_ends_with_one_end_token(tokenizer: "PreTrainedTokenizerBase") -> None:
    plain, ended = encode_documents(["A harbour.", "A harbour.<|end|>"], tokenizer)
    assert plain == ended == [*tokenizer("A harbour.")["input_ids"], tokenizer.eos_token_id]
    assert encode_documents([], tokenizer) == []


def test_a_tokenizer_without_an_end_is_refused(tokenizer: "PreTrainedTokenizerBase") -> None:
    tokenizer.eos_token = None
    with pytest.raises(TrainingDataError, match="no end token") as caught:
        encode_documents(["A harbour."], tokenizer)
    assert "eos_token" in caught.value.hint
