"""The Llamas that a GPU trains: made on it from their shape, with random weights; and the rows that they are given."""

import math
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workbench.training.encoding import Sample
from workbench.training.packing import pack

if TYPE_CHECKING:
    from torch import dtype
    from transformers import LlamaForCausalLM

# Vocabulary, width, inner width, layers, heads, heads of keys, whether embeddings and head are one.
SHAPES = {
    "tiny": (512, 64, 128, 2, 4, 2, True),
    "340m": (32000, 1024, 2816, 24, 16, 16, True),
    "1b": (128256, 2048, 8192, 16, 32, 8, True),  # 1.24 billion, as Llama 3.2 1B
    "7b": (32000, 4096, 11008, 32, 32, 32, False),  # 6.74 billion, as Llama 2 7B
    "8b": (128256, 4096, 14336, 32, 32, 8, False),  # 8.03 billion, as Llama 3 8B
}
MEAN, DEVIATION, LONGEST = 250, 200, 1024
Rows = list[list[Sample]]


def make_llama(size: str, device: str, dtype: "dtype", length: int) -> "LlamaForCausalLM":
    """On a device the same weights each time."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    vocabulary, width, inner, layers, heads, keys, tied = SHAPES[size]
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=keys,
        max_position_embeddings=length,
        tie_word_embeddings=tied,
        pad_token_id=0,
    )
    torch.manual_seed(1)
    with torch.device(device):
        model: LlamaForCausalLM = AutoModelForCausalLM.from_config(config, dtype=dtype)
    return model


def make_rows(kind: str, count: int, length: int, vocabulary: int, seed: int = 1) -> Rows:
    """`count` rows of up to `length` tokens: `full` ones are one sample each, all of it learned; those of `chat` are
    packed with samples of log-normal length, of which the last 40 to 80 % are learned."""
    rng = random.Random(seed)
    if kind == "full":
        return [[_sample(length, 0, vocabulary, rng)] for _ in range(count)]
    samples: list[Sample] = []
    missing = count * length
    while missing > 0:
        drawn = _length(min(LONGEST, length), rng)
        samples.append(_sample(drawn, round(drawn * rng.uniform(0.2, 0.6)), vocabulary, rng))
        missing -= drawn
    # Some are too many: no packing is without gaps. The last rows are the emptiest.
    return [[samples[index] for index in row] for row in pack([len(one) for one in samples], length)][:count]


def targets_of(sample: Sample) -> Iterator[int]:
    """Its tokens as labels, -100 where nothing is learned."""
    return (token if weight else -100 for token, weight in zip(sample.tokens, sample.weights, strict=True))


def _length(longest: int, rng: random.Random) -> int:
    spread = math.log(1 + (DEVIATION / MEAN) ** 2)
    return max(8, min(longest, round(rng.lognormvariate(math.log(MEAN) - spread / 2, math.sqrt(spread)))))


def _sample(length: int, given: int, vocabulary: int, rng: random.Random) -> Sample:
    return Sample(tuple(rng.choices(range(1, vocabulary), k=length)), (0.0,) * given + (1.0,) * (length - given))
