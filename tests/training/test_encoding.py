from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.errors import TrainingDataError
from workbench.messages import assistant, system, user
from workbench.training.conversations import plain
from workbench.training.encoding import Encoded, Sample, Weights, encode, encode_all
from workbench.training.layout import ChatTemplate

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
    assert runs == ["Who built it?", "Tarn Osgood.<|end|>", "When?", "In 1843.<|end|>"]


def test_tokens_are_those_of_the_whole_conversation(tokenizer: "PreTrainedTokenizerBase") -> None:
    whole = tokenizer.apply_chat_template([dict(message) for message in TALK], tokenize=False)
    assert list(encode(TALK, tokenizer).tokens) == tokenizer(whole, add_special_tokens=False)["input_ids"]


def test_weights_may_be_others(tokenizer: "PreTrainedTokenizerBase") -> None:
    sample = encode(TALK, tokenizer, weights=Weights(said=2.0, given=0.5))
    plain = encode(TALK, tokenizer)
    assert sample.tokens == plain.tokens
    assert [2.0 if weight else 0.5 for weight in plain.weights] == list(sample.weights)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(alphabet=st.sampled_from("ab é\n7<|🙂"), min_size=1, max_size=12), min_size=2, max_size=4)
)
def test_letters_of_any_kind_keep_their_side(texts: list[str], tokenizer: "PreTrainedTokenizerBase") -> None:
    messages = [user(text) if number % 2 == 0 else assistant(text) for number, text in enumerate(texts)]
    sample = encode(messages, tokenizer)
    said = [text for number, text in enumerate(texts) if number % 2]
    # A letter of several bytes may be several tokens; all of them lie on the same side.
    assert learned(sample, tokenizer) == [f"{text}<|end|>" for text in said]


PLAIN = "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}<|end|>{% endfor %}"
REFUSING = "{{ raise_exception('only tools are served') }}"


def test_a_template_without_a_prompt_for_answers_still_tells_them_apart(tokenizer: "PreTrainedTokenizerBase") -> None:
    tokenizer.chat_template = PLAIN
    # A blank before the first word is a part of its token.
    runs = [text.strip() for text in learned(encode(TALK, tokenizer), tokenizer)]
    assert runs == ["Tarn Osgood.<|end|>", "In 1843.<|end|>"]


def test_a_template_that_refuses_is_told(tokenizer: "PreTrainedTokenizerBase") -> None:
    tokenizer.chat_template = REFUSING
    with pytest.raises(TrainingDataError, match="only tools are served"):
        encode(TALK, tokenizer)


def test_many_at_once_are_encoded_as_each_alone(tokenizer: "PreTrainedTokenizerBase") -> None:
    talks = [TALK, TALK[1:3], [user("Who? " * 200), assistant("Tarn.")]]
    found = list(encode_all([plain(talk) for talk in talks], ChatTemplate(tokenizer)))
    assert [each.sample for each in found if isinstance(each, Encoded)] == [encode(talk, tokenizer) for talk in talks]


def test_an_error_stands_in_the_place_of_its_conversation(tokenizer: "PreTrainedTokenizerBase") -> None:
    tokenizer.chat_template = PLAIN.replace("[{{", "{{ raise_exception('no') if m['content'] == 'bad' }}[{{")
    talks = [plain([user(said), assistant("Tarn.")]) for said in ("good", "bad", "good")]
    found = list(encode_all(talks, ChatTemplate(tokenizer)))
    assert [type(each) for each in found] == [Encoded, TrainingDataError, Encoded]
    assert list(encode_all([], ChatTemplate(tokenizer))) == []
