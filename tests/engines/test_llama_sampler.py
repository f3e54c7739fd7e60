import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from workbench.engines.engine import Sampling
from workbench.engines.llama_binding import LlamaBatch, LlamaContext, LlamaModel
from workbench.engines.llama_sampler import Grammar, Sampler, schema_grammar
from workbench.errors import EngineError


@pytest.fixture
def model(tiny_gguf: Path) -> LlamaModel:
    return LlamaModel(tiny_gguf)


@pytest.fixture
def evaluated(model: LlamaModel) -> LlamaContext:
    """A context whose last batch has logits in row 0."""
    context = LlamaContext(model, cells=256, sequences=1, batch=8, threads=1)
    batch = LlamaBatch(8)
    batch.add([7], 0, 0, 1)
    context.decode(batch)
    return context


def drawn(context: LlamaContext, sampling: Sampling, count: int) -> Counter[int]:
    found: Counter[int] = Counter()
    for seed in range(count):
        sampler = Sampler(sampling, seed)
        token = sampler.draw(context, 0)
        assert token is not None
        found[token] += 1
        sampler.close()
    return found


def test_without_temperature_the_likeliest_token_is_taken(evaluated: LlamaContext) -> None:
    assert drawn(evaluated, Sampling(temperature=0), 3) == {int(evaluated.logits(0).argmax()): 3}


def test_draws_follow_the_distribution(evaluated: LlamaContext) -> None:
    logits = evaluated.logits(0).astype(np.float64)
    best = np.argsort(-logits)[:4]
    shares = np.exp(logits[best] - logits[best].max())
    found = drawn(evaluated, Sampling(temperature=1.0, top_k=4), 2000)
    assert set(found) == set(best.tolist())
    for token, share in zip(best.tolist(), shares / shares.sum(), strict=True):
        assert found[token] / 2000 == pytest.approx(share, abs=0.05)


def test_the_same_seed_draws_the_same(evaluated: LlamaContext) -> None:
    sampling = Sampling(temperature=1.5)
    first, second = (Sampler(sampling, 0xFFFFFFFF) for _ in range(2))
    assert [first.draw(evaluated, 0) for _ in range(8)] == [second.draw(evaluated, 0) for _ in range(8)]


def test_a_grammar_keeps_the_proportions_of_what_it_allows(model: LlamaModel, evaluated: LlamaContext) -> None:
    grammar = Grammar.parse(model, "root ::= [0-9]")
    digits = [model.tokenize(digit, begin=False, special=False)[0] for digit in "0123456789"]
    logits = evaluated.logits(0)[digits].astype(np.float64)
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    found: Counter[int] = Counter()
    for seed in range(3000):
        sampler = Sampler(Sampling(temperature=1.0), seed, grammar.copy())
        token = sampler.draw(evaluated, 0)
        assert token is not None
        found[token] += 1
        sampler.close()
    assert set(found) <= set(digits)
    for digit, share in zip(digits, shares, strict=True):
        assert found[digit] / 3000 == pytest.approx(share, abs=0.04)


def test_control_tokens_are_no_text_to_a_grammar(model: LlamaModel) -> None:
    grammar = Grammar.parse(model, "root ::= .*")
    assert not grammar.allows(3)
    assert grammar.allows(1)
    assert grammar.allows(40)
    allowed = grammar.mask(np.zeros(model.vocabulary_size, np.float32))["id"]
    assert not set(model.controls.tolist()) & set(allowed.tolist())


def test_a_copy_starts_at_the_beginning(model: LlamaModel) -> None:
    grammar = Grammar.parse(model, 'root ::= "YES"')
    (yes,) = model.tokenize("YES", begin=False, special=False)
    copy = grammar.copy()
    copy.accept(yes)
    assert not copy.allows(yes)
    assert grammar.allows(yes)


@pytest.mark.parametrize("text", ["root ::= (", "other ::= [a]", "root ::= root [a]", "root ::= missing", "no grammar"])
def test_a_bad_grammar_is_refused_without_noise(
    model: LlamaModel, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EngineError, match=r"not valid GBNF: .+") as caught:
        Grammar.parse(model, text)
    assert "no reason" not in caught.value.message
    assert capfd.readouterr() == ("", "")


def test_a_schema_becomes_a_grammar(model: LlamaModel) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}
    text = schema_grammar(json.dumps(schema))
    assert "root ::=" in text
    Grammar.parse(model, text)


@pytest.mark.parametrize("schema", ["{", '{"type": "strange"}', '{"type": "string", "pattern": "open"}'])
def test_a_schema_that_cannot_be_a_grammar_is_refused(schema: str) -> None:
    with pytest.raises(EngineError, match="cannot be made a grammar"):
        schema_grammar(schema)
