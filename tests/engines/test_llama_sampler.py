import json
import re
from pathlib import Path

import numpy as np
import pytest

from workbench.engines.engine import Sampling
from workbench.engines.llama_binding import LlamaModel, Logits
from workbench.engines.llama_sampler import Grammar, Sampler, next_tokens, schema_grammar
from workbench.errors import EngineError


@pytest.fixture
def model(tiny_gguf: Path) -> LlamaModel:
    return LlamaModel(tiny_gguf)


@pytest.fixture
def logits(model: LlamaModel) -> Logits:
    return np.random.default_rng(1).normal(size=model.vocabulary_size).astype(np.float32)


@pytest.mark.parametrize("temperature", [0.0, 1.0, 3.0])
def test_asking_about_one_token_draws_as_asking_about_all(
    model: LlamaModel, logits: Logits, temperature: float
) -> None:
    grammar = Grammar.parse(model, "root ::= [0-9] [a-z]*")
    masked = grammar.mask(logits)
    sampling = Sampling(temperature=temperature)
    for seed in range(200):
        ours, plain = Sampler(sampling, seed, grammar.copy()), Sampler(sampling, seed)
        (token,) = next_tokens([ours], logits[None])
        assert [token] == next_tokens([plain], masked[None])
        assert token is not None
        assert re.fullmatch(rb"[0-9]", model.piece(token))
        ours.close()


def test_an_end_is_drawn_where_nothing_else_may_follow(model: LlamaModel, logits: Logits) -> None:
    sampler = Sampler(Sampling(temperature=1.0), 4, Grammar.parse(model, 'root ::= "x"'))
    (x,), (end,) = next_tokens([sampler], logits[None]), next_tokens([sampler], logits[None])
    assert x is not None
    assert (model.piece(x), end) == (b"x", 1)
    sampler.close()


def test_a_dead_end_is_no_token(model: LlamaModel, logits: Logits) -> None:
    sampler = Sampler(Sampling(), 0, Grammar.parse(model, 'root ::= "x"'))
    next_tokens([sampler], logits[None])
    logits[1] = -np.inf
    assert next_tokens([sampler], logits[None]) == [None]


def test_control_tokens_are_no_text_to_a_grammar(model: LlamaModel) -> None:
    grammar = Grammar.parse(model, "root ::= .*")
    assert not grammar.allows(3)
    assert grammar.allows(1)
    assert grammar.allows(40)
    allowed = np.flatnonzero(np.isfinite(grammar.mask(np.zeros(model.vocabulary_size, np.float32))))
    assert not model.controls & set(allowed.tolist())


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
