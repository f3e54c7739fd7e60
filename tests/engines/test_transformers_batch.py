from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from workbench.engines.engine import Request, Sampling
from workbench.engines.transformers import TransformersEngine
from workbench.engines.transformers_batch import SIZE, Batch, Sample

SMALL: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
}


def take(sample: Sample, token: int, logits: Any) -> int:
    if not sample.finish:
        sample.drawn.append(token)
        sample.finish = "length" if len(sample.drawn) == sample.sampling.max_tokens else None
    return token


def model(kind: str = "llama") -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        made = (
            LlamaForCausalLM(LlamaConfig(**SMALL))
            if kind == "llama"
            else MistralForCausalLM(MistralConfig(**SMALL, sliding_window=8))
        )
        return made.eval()


def sample(tokens: int, *prompt: int, temperature: float = 0.0) -> Sample:
    sampling = Sampling(max_tokens=tokens, temperature=temperature)
    return Sample(Request("any", prompt="any", sampling=sampling, seed=sum(prompt)), 0, [*prompt])


def alone(one: Sample) -> list[int]:
    batch, again = Batch(model(), "cpu", take), replace(one, drawn=[], finish=None)
    newcomers = [again]
    while not again.finish:
        batch.turn(newcomers)
        newcomers = []
    return again.drawn


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_who_joins_and_who_is_joined_say_what_they_say_alone(temperature: float) -> None:
    batch = Batch(model(), "cpu", take)
    first = [sample(12, *range(5, 17), temperature=temperature), sample(3, 9, temperature=temperature)]
    later = [sample(9, 7, 8, temperature=temperature), sample(1, *range(20, 50), temperature=temperature)]
    ended = batch.turn(first)
    ended += batch.turn([])
    ended += batch.turn(later[:1])
    assert ended == [first[1]]
    ended += batch.turn(later[1:])
    assert ended == [first[1], later[1]]
    while batch.going:
        ended += batch.turn([])
    assert ended == [first[1], later[1], later[0], first[0]]
    assert [each.drawn for each in (*first, *later)] == [alone(each) for each in (*first, *later)]


def test_nothing_is_kept_of_those_that_have_left() -> None:
    batch, long = Batch(model(), "cpu", take), sample(2, *range(40))
    batch.turn([long, sample(30, 1, 2)])
    batch.turn([])
    assert long.finish
    batch.turn([sample(4, 3)])
    assert batch._rows is not None
    assert batch._rows.mask.shape == (2, 2 + 3)
    assert [layer.keys.shape[-2] for layer in batch._rows.cache.layers] == [4, 4]
    for one in batch.going:
        one.finish = "cancelled"
    assert len(batch.turn([])) == 2
    assert batch.room == SIZE
    assert not batch.turn([])


def test_a_model_that_forgets_is_not_joined_while_it_runs() -> None:
    batch, one = Batch(model("mistral"), "cpu", take), sample(2, 1, 2)
    assert batch.room == SIZE
    batch.turn([one])
    assert batch.room == 0
    batch.turn([])
    assert batch.room == SIZE


def test_a_short_answer_need_not_wait_for_a_long_one(tiny_model: Path) -> None:
    engine = TransformersEngine(tiny_model)
    ended = []
    with engine.session() as session:
        session.submit(Request("long", prompt="The", sampling=Sampling(max_tokens=40)))
        session.turn()
        session.submit(Request("short", prompt="A harbour", sampling=Sampling(max_tokens=2)))
        for done in session:
            ended.append(done.request.tag)
    assert ended == ["short", "long"]
    engine.close()
