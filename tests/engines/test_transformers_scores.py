import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from workbench.engines.engine import Request, Sampling
from workbench.engines.slots import common
from workbench.engines.transformers import TransformersEngine
from workbench.engines.transformers_scores import families

EXAMPLES = "A harbour is a place where ships may anchor. What is a harbour?\nAnswer: A\n\n" * 3
TEXTS = ("Tarn Osgood.<|end|>", " B", "", " A", " It was built by Tarn", " It was built in 1843")
SIZES: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 512,
}  # fmt: skip
Make = Callable[[str], Path]


@pytest.fixture
def make(tiny_model: Path, tmp_path: Path) -> Make:
    """A folder with a random model of the kind, and the tokenizer of the tiny one."""

    def made(kind: str) -> Path:
        folder = tmp_path / kind
        shutil.copytree(tiny_model, folder)
        vocabulary = len(transformers.AutoTokenizer.from_pretrained(tiny_model))
        more: dict[str, Any] = {"mistral": {"sliding_window": 16}}.get(kind, {})
        torch.manual_seed(3)
        config = transformers.AutoConfig.for_model(kind, vocab_size=vocabulary, **SIZES | more)
        # Weights of the usual size make every token about as likely.
        config.initializer_range = 0.3
        transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
        return folder

    return made


def true_scores(folder: Path, context: str, continuations: Sequence[str]) -> list[float]:
    """Of each whole text alone, without padding, cache or company."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    before = tokenizer(context, add_special_tokens=False)["input_ids"]
    found = []
    for text in continuations:
        behind = tokenizer(context + text, add_special_tokens=False)["input_ids"][len(before) :]
        with torch.inference_mode():
            shares = model(torch.tensor([before + behind])).logits[0].double().log_softmax(-1)
        found.append(sum(float(shares[len(before) - 1 + place, token]) for place, token in enumerate(behind)))
    return found


@pytest.mark.parametrize("kind", ["llama", "qwen2", "granite", "gpt_neox", "mistral"])
def test_scores_are_those_of_each_text_alone(kind: str, make: Make) -> None:
    folder = make(kind)
    engine = TransformersEngine(folder)
    contexts = {str(number): f"{EXAMPLES}Who built {'it ' * number}?\nAnswer:" for number in range(6)}
    contexts |= {"other": "The lighthouse", "alone": "T", "shots": EXAMPLES}
    with engine.session() as session:
        for tag, context in contexts.items():
            session.submit(Request(tag, prompt=context, continuations=TEXTS[: 3 + len(tag)]))
        done = {each.request.tag: each for each in session}
    assert done.keys() == contexts.keys()
    for tag, context in contexts.items():
        expected = true_scores(folder, context, TEXTS[: 3 + len(tag)])
        assert list(done[tag].scores) == pytest.approx(expected, abs=1e-4)
        assert done[tag].prompt_tokens == engine.count_tokens(context)


def test_what_contexts_begin_with_is_evaluated_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = TransformersEngine(make("llama"))
    seen: list[int] = []
    forward = engine._model.forward

    def counted(*args: Any, **more: Any) -> Any:
        seen.append(more["input_ids"].numel())
        return forward(*args, **more)

    engine._scorer  # noqa: B018 - the scorer looks at the forward pass as it is
    monkeypatch.setattr(engine._model, "forward", counted)
    questions = [f"{EXAMPLES}{digit}?\nAnswer:" for digit in "123"]
    with engine.session() as session:
        for question in questions:
            session.submit(Request(question, prompt=question, continuations=("A", "B", "C", "D")))
        assert len(list(session)) == 3
    shared = engine.count_tokens(EXAMPLES)
    assert seen == [shared, sum(engine.count_tokens(question) - shared for question in questions)]


def test_cancelled_scores_are_completions_without_scores(make: Make) -> None:
    engine = TransformersEngine(make("llama"))
    with engine.session() as session:
        for tag in ("a", "b", "a"):
            session.submit(Request(tag, prompt="The lighthouse", continuations=TEXTS))
        session.submit(Request("c", prompt="The", sampling=Sampling(max_tokens=1)))
        session.cancel("a")
        ends = sorted((done.request.tag, done.finish, len(done.scores)) for done in session)
    assert ends == [("a", "cancelled", 0), ("a", "cancelled", 0), ("b", "stop", len(TEXTS)), ("c", "length", 0)]


def test_one_that_is_cancelled_while_others_are_scored_is_not_scored(make: Make) -> None:
    engine = TransformersEngine(make("llama"))
    with engine.session() as session:
        for number in range(40):
            session.submit(Request(str(number), prompt=f"{number}" * 120, continuations=("x",)))
        ends: dict[str, str] = {}
        for done in session:
            if not ends:
                gone = next(str(number) for number in range(40) if str(number) != done.request.tag)
                session.cancel(gone)
            ends[done.request.tag] = done.finish
    assert ends.pop(gone) == "cancelled"
    assert list(ends.values()) == ["stop"] * 39


@pytest.mark.parametrize(
    ("beginnings", "parts"),
    [
        ([], []),
        ([[1] * 90], [([0], 0)]),
        ([[1] * 90, [1] * 91], [(range(2), 90)]),
        ([[1] * 20, [1] * 21], [([0, 1], 0)]),
        ([[1, *[2] * 200]] * 2 + [[1, *[3] * 200]] * 2, [(range(2), 201), (range(2, 4), 201)]),
        ([[1, 1], *[[1, *[3] * 200]] * 3, [4]], [([0, 4], 0), (range(1, 4), 201)]),
        ([[1] * 300 + [2], *[[1] * 300 + [3, *range(number, 9)] for number in range(4, 8)]], [(range(5), 300)]),
    ],
)
def test_families(beginnings: list[list[int]], parts: list[tuple[Sequence[int], int]]) -> None:
    assert families([np.asarray(tokens, np.int32) for tokens in beginnings]) == parts


def test_families_spare_as_much_as_can_be() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        starts = [list(rng.integers(0, 2, 3).repeat(60)) for _ in range(7)]
        found = [np.asarray(tokens, np.int32) for tokens in sorted(starts)]
        spared = sum((len(places) - 1) * shared - 64 for places, shared in families(found) if shared)
        assert spared == pytest.approx(most(found, 0))


def most(found: list[Any], start: int) -> float:
    """By trying all ways to cut the list."""
    if start == len(found):
        return 0.0
    ways = [most(found, start + 1)]
    for end in range(start + 2, len(found) + 1):
        shared = common(found[start], found[end - 1])
        ways.append(most(found, end) + ((end - start - 1) * shared - 64 if shared else 0))
    return max(ways)
