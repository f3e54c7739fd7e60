"""Plain documents as blocks of tokens, all of which are learned."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from workbench.errors import TrainingDataError
from workbench.training.encoding import Sample

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def encode_documents(texts: Sequence[str], tokenizer: "PreTrainedTokenizerBase") -> list[list[int]]:
    """The tokens of each, with what the tokenizer puts around a text, and one end token at its end.

    TrainingDataError where the tokenizer has no end token.
    """
    end = tokenizer.eos_token_id
    if end is None:
        raise TrainingDataError(
            f"{tokenizer.name_or_path}: its tokenizer has no end token, which stands between documents",
            hint="set eos_token in the model's tokenizer_config.json",
        )
    found = tokenizer(list(texts), verbose=False)["input_ids"] if texts else []
    return [[*tokens, end] if not tokens or tokens[-1] != end else list(tokens) for tokens in found]


def blocks(documents: Sequence[Sequence[int]], size: int) -> Iterator[Sample]:
    """The documents one behind the other, cut after every `size` tokens; the last block is as short as it comes.

    A single token that is left over makes no block: nothing comes before it that it could be predicted from.
    """
    stream = [token for tokens in documents for token in tokens]
    for start in range(0, len(stream), size):
        tokens = tuple(stream[start : start + size])
        if len(tokens) > 1:
            yield Sample(tokens, (1.0,) * len(tokens))
