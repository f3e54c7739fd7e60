from pathlib import Path

import pytest

from workbench.engines.engine import Request, Sampling
from workbench.engines.llamacpp import LlamaEngine
from workbench.engines.settings import Settings
from workbench.errors import ContextError
from workbench.messages import user

CONTEXT = "<|user|>Who built the lighthouse of Vel Marin? It was built in 1843.<|assistant|>"
CONTINUATIONS = ["Tarn Osgood.<|end|>", "T", "", "A harbour is a place where ships may anchor.", "YES", " NO"]


def true_scores(folder: Path, context: str, continuations: list[str]) -> list[float]:
    """Of the whole text at once, by transformers."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    before = tokenizer(context, add_special_tokens=False)["input_ids"]
    found = []
    for text in continuations:
        behind = tokenizer(text, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            shares = model(torch.tensor([before + behind])).logits[0].double().log_softmax(-1)
        found.append(sum(float(shares[len(before) - 1 + place, token]) for place, token in enumerate(behind)))
    return found


def test_scores_are_those_of_transformers(tiny_model: Path, engine: LlamaEngine, exact: bool) -> None:
    expected = true_scores(tiny_model, CONTEXT, CONTINUATIONS)
    # Flash attention adds up in half precision.
    off = 1e-3 if exact else 1e-2
    assert engine.score(CONTEXT, CONTINUATIONS) == pytest.approx(expected, abs=off)
    assert engine.score(CONTEXT, CONTINUATIONS[::-1]) == pytest.approx(expected[::-1], abs=off)


def test_the_context_is_evaluated_once(engine: LlamaEngine) -> None:
    context, lengths = engine.count_tokens(CONTEXT), [engine.count_tokens(text) for text in CONTINUATIONS]
    engine.score(CONTEXT, CONTINUATIONS)
    assert engine.counters.evaluated_prompt_tokens == context + sum(max(0, length - 1) for length in lengths)
    before = engine.counters.evaluated_prompt_tokens
    engine.score(CONTEXT, ["T"])
    assert engine.counters.evaluated_prompt_tokens == before + 1


def test_what_continuations_begin_with_is_evaluated_once(engine: LlamaEngine, tiny_model: Path) -> None:
    letters = [f" Tarn {letter}" for letter in "ABCD"]
    assert engine.score(CONTEXT, letters) == pytest.approx(true_scores(tiny_model, CONTEXT, letters), abs=1e-2)
    whole = engine.count_tokens(CONTEXT) + engine.count_tokens(letters[0]) - 1
    assert engine.counters.evaluated_prompt_tokens == whole


def test_long_and_many_continuations_go_in_parts(tiny_model: Path, tiny_gguf: Path) -> None:
    engine = LlamaEngine(tiny_gguf, Settings(sequences=2, prefixes=1, batch=8, threads=1))
    many = [f"{number} ships " * (number % 5 + 1) for number in range(12)]
    assert engine.score(CONTEXT, many) == pytest.approx(true_scores(tiny_model, CONTEXT, many), abs=1e-3)
    engine.close()


def test_scores_may_be_asked_for_between_completions(engine: LlamaEngine) -> None:
    alone = engine.score(CONTEXT, CONTINUATIONS)
    sampling = Sampling(max_tokens=20, temperature=1.0)
    with engine.session() as session:
        for number in range(12):
            session.submit(Request(str(number), prompt=f"The {number}", sampling=sampling, seed=number, samples=2))
        count = 0
        for _ in session:
            count += 1
            assert engine.score(CONTEXT, CONTINUATIONS) == pytest.approx(alone, abs=1e-3)
    assert count == 24


def test_equal_texts_behind_a_kept_prompt_score_the_same(engine: LlamaEngine) -> None:
    expected = engine.score("The harbour", [" of Vel Marin was built in 1907."])
    with engine.session() as session:
        session.submit(
            Request("a", prompt="The harbour of Vel Marin was built in 1907. Who", sampling=Sampling(max_tokens=2))
        )
        list(session)
    assert engine.score("The harbour", [" of Vel Marin was built in 1907."]) == pytest.approx(expected, abs=1e-4)


def test_an_empty_context_stands_behind_the_end_token(engine: LlamaEngine) -> None:
    assert engine.score("", ["The"]) == pytest.approx(engine.score("<|end|>", ["The"]), abs=1e-5)


def test_no_continuations_have_no_scores(engine: LlamaEngine) -> None:
    assert engine.score(CONTEXT, []) == []


def test_what_does_not_fit_is_refused(engine: LlamaEngine) -> None:
    with pytest.raises(ContextError, match="needs 6"):
        engine.score("x" * 600, ["y"])


def test_a_session_scores_beside_its_answers(engine: LlamaEngine) -> None:
    expected = engine.score(CONTEXT, CONTINUATIONS)
    with engine.session() as session:
        session.submit(Request("a", prompt="The", sampling=Sampling(max_tokens=30, temperature=1.0), samples=3))
        session.submit(Request("score", prompt=CONTEXT, continuations=tuple(CONTINUATIONS)))
        first, *rest = session
    assert (first.request.tag, first.text, first.finish, first.tokens) == ("score", "", "stop", 0)
    assert first.scores == pytest.approx(expected, abs=1e-3)
    assert [done.scores for done in rest] == [(), (), ()]


def test_continuations_may_follow_messages(engine: LlamaEngine) -> None:
    messages = (user("Who built it?"),)
    with engine.session() as session:
        session.submit(Request("a", messages=messages, continuations=("Tarn", "A harbour")))
        (done,) = session
    assert list(done.scores) == pytest.approx(engine.score(engine.render(messages), ["Tarn", "A harbour"]), abs=1e-3)


def test_a_cancelled_score_is_one_completion_without_scores(engine: LlamaEngine) -> None:
    with engine.session() as session:
        session.submit(Request("a", prompt=CONTEXT, continuations=tuple(CONTINUATIONS)))
        session.cancel("a")
        assert [(done.finish, done.scores) for done in session] == [("cancelled", ())]


def test_many_scores_are_those_of_each_alone(engine: LlamaEngine) -> None:
    contexts = [f"<|user|>Question {number}: who built it?<|assistant|>" for number in range(20)]
    alone = [engine.score(context, CONTINUATIONS) for context in contexts]
    with engine.session() as session:
        for number, context in enumerate(contexts):
            session.submit(Request(str(number), prompt=context, continuations=tuple(CONTINUATIONS)))
        for done in session:
            assert list(done.scores) == pytest.approx(alone[int(done.request.tag)], abs=1e-2)
