import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from workbench.training.encoding import Sample

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

VOCABULARY = 64
MakeModel = Callable[..., "LlamaForCausalLM"]


@pytest.fixture
def make_model() -> MakeModel:
    """A Llama of two narrow layers with weights drawn from a seed; `changes` go into its config."""

    def make(seed: int = 1, **changes: object) -> "LlamaForCausalLM":
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM

        torch.set_num_threads(1)
        sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
        config = LlamaConfig(
            **{"vocab_size": VOCABULARY, "pad_token_id": 0, "tie_word_embeddings": True, **sizes, **changes}
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return LlamaForCausalLM(config)

    return make


@pytest.fixture
def samples() -> list[Sample]:
    """Twelve samples of 2 to 13 tokens, most with weights of their own."""
    rng = random.Random(4)
    made = []
    for length in range(2, 14):
        tokens = tuple(rng.randrange(1, VOCABULARY) for _ in range(length))
        made.append(Sample(tokens, (*rng.choices((0.0, 0.1, 1.0), k=length - 1), 1.0)))
    return made
