from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.errors import TrainingDataError
from workbench.messages import Message, assistant, system, user
from workbench.training.encoding import Sample, Weights, encode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TALK = [system("Be short."), user("Who built it?"), assistant("Tarn Osgood."), user("When?"), assistant("In 1843.")]


@pytest.fixture
def tokenizer(tiny_model: Path) -> "PreTrainedTokenizerBase":
    """The template of the embedded models; a test may give it another."""
    from transformers import AutoTokenizer

    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(tiny_model)
    return loaded


def learned(sample: Sample, tokenizer: "PreTrainedTokenizerBase") -> list[str]:
    """The runs of tokens that count, as text."""
    runs: list[list[int]] = [[]]
    for token, weight in zip(sample.tokens, sample.weights, strict=True):
        runs[-1:] = [[*runs[-1], token]] if weight else [runs[-1], []]
    return [str(tokenizer.decode(run)) for run in runs if run]


def test_what_the_assistant_says_is_learned_through_its_end(tokenizer: "PreTrainedTokenizerBase") -> None:
    sample = encode(TALK, tokenizer)
    assert learned(sample, tokenizer) == ["Tarn Osgood.<|end|>", "In 1843.<|end|>"]
    assert set(sample.weights) == {0.0, 1.0}


def test_unmask_learns_all_but_the_system(tokenizer: "PreTrainedTokenizerBase") -> None:
    runs = learned(encode(TALK, tokenizer, unmask=True), tokenizer)
    assert runs == ["<|user|>Who built it?", "Tarn Osgood.<|end|><|user|>When?", "In 1843.<|end|>"]


def test_tokens_are_those_of_the_whole_conversation(tokenizer: "PreTrainedTokenizerBase") -> None:
    whole = tokenizer.apply_chat_template([dict(message) for message in TALK], tokenize=False)
    assert list(encode(TALK, tokenizer).tokens) == tokenizer(whole, add_special_tokens=False)["input_ids"]


def test_weights_may_be_others(tokenizer: "PreTrainedTokenizerBase") -> None:
    sample = encode(TALK, tokenizer, weights=Weights(said=2.0, given=0.5))
    plain = encode(TALK, tokenizer)
    assert sample.tokens == plain.tokens
    assert [2.0 if weight else 0.5 for weight in plain.weights] == list(sample.weights)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(alphabet=st.sampled_from("ab é\n7<|🙂"), min_size=1, max_size=12), min_size=2, max_size=4)
)
def test_letters_of_any_kind_keep_their_side(texts: list[str], tokenizer: "PreTrainedTokenizerBase") -> None:
    messages = [user(text) if number % 2 == 0 else assistant(text) for number, text in enumerate(texts)]
    sample = encode(messages, tokenizer)
    said = [text for number, text in enumerate(texts) if number % 2]
    # A letter of several bytes may be several tokens; all of them lie on the same side.
    assert learned(sample, tokenizer) == [f"{text}<|end|>" for text in said]


LINES = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
NO_PROMPT = "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}<|end|>{% endfor %}"
ALTERNATING = (
    "{% for m in messages %}{% if m['role'] == 'user' %}Q: "
    "{% if loop.index0 == 1 %}{{ messages[0]['content'] }} {% endif %}{{ m['content'] }}"
    "{% elif m['role'] == 'assistant' %} A: {{ m['content'] }}<|end|>{% endif %}{% endfor %}"
    "{% if messages[-1]['role'] == 'system' %}{{ raise_exception('a user is missing') }}{% endif %}"
)
FORGETFUL = "{% for m in messages %}{% if loop.last %}{{ m['content'] }}{% endif %}{% endfor %}"
REFUSING = "{{ raise_exception('only tools are served') }}"


def with_template(tokenizer: "PreTrainedTokenizerBase", template: str) -> "PreTrainedTokenizerBase":
    tokenizer.chat_template = template
    return tokenizer


def test_what_a_template_puts_behind_the_end_is_not_learned(tokenizer: "PreTrainedTokenizerBase") -> None:
    sample = encode(TALK, with_template(tokenizer, LINES))
    assert learned(sample, tokenizer) == ["Tarn Osgood.<|end|>", "In 1843.<|end|>"]


@pytest.mark.parametrize("template", [NO_PROMPT, ALTERNATING])
def test_a_template_without_a_prompt_for_answers_still_tells_them_apart(
    template: str, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    sample = encode(TALK, with_template(tokenizer, template))
    # A blank before the first word is a part of its token.
    assert [text.strip() for text in learned(sample, tokenizer)] == ["Tarn Osgood.<|end|>", "In 1843.<|end|>"]


@pytest.mark.parametrize(
    ("template", "told"), [(FORGETFUL, "changes earlier messages"), (REFUSING, "only tools are served")]
)
def test_a_template_that_cannot_be_trained_with_is_told(
    template: str, told: str, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    with pytest.raises(TrainingDataError, match=told):
        encode(TALK, with_template(tokenizer, template))


def test_one_answer_can_be_learned_from_a_forgetful_template(tokenizer: "PreTrainedTokenizerBase") -> None:
    messages: Sequence[Message] = [assistant("Yes.")]
    assert learned(encode(messages, with_template(tokenizer, FORGETFUL)), tokenizer) == ["Yes."]
