from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.training.families import CHATML, FAMILIES, HEADER, THINKING, TURNS, Family
from workbench.errors import TrainingDataError
from workbench.messages import assistant, system, user
from workbench.training.conversations import Conversation, Turn, plain
from workbench.training.encoding import Sample, encode
from workbench.training.layout import NO_END, NO_REASONING, ChatTemplate, Layout

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_LETTERS = ("a", "b", " ", "\n", "é", "🙂", "灯", "<|im_end|>", "</s>", "<turn>", "assistant", "user\n", "<", "#")
_TEXTS = st.lists(st.sampled_from(_LETTERS), max_size=5).map("".join)
TALK = [system("Be short."), user("Who?"), assistant("Tarn."), user("When?"), assistant("In 1843.")]
_MADE: dict[str, "PreTrainedTokenizerBase"] = {}


def tokenizer_of(family: Family) -> "PreTrainedTokenizerBase":
    if family.name not in _MADE:
        _MADE[family.name] = family.tokenizer()
    return _MADE[family.name]


@st.composite
def conversations(draw: st.DrawFn) -> list[Turn]:
    """A system's words or none, then questions and answers, the last of which may be missing."""
    texts = draw(st.lists(_TEXTS, min_size=2, max_size=6))
    talk = [user(text) if number % 2 == 0 else assistant(text) for number, text in enumerate(texts)]
    return [*([system(draw(_TEXTS))] if draw(st.booleans()) else []), *talk]


def expected(messages: Sequence[Turn], family: Family, unmask: bool) -> tuple[str, list[bool]]:
    """The text, and for each letter whether it is learned, by the family's account."""
    text, learned = "", list[bool]()
    for piece, message, end in family.account(messages):
        role = "" if message is None else messages[message]["role"]
        counts = role == "assistant" or (unmask and role not in ("", "system") and not end)
        text, learned = text + piece, learned + [counts] * len(piece)
    return text, learned


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@settings(max_examples=60, deadline=None)
@given(messages=conversations(), unmask=st.booleans())
@example(messages=[user("assistant"), assistant("assistant\n"), user("\n\n a "), assistant(" <|im_end|>")], unmask=True)
def test_tokens_are_the_templates_and_the_mask_is_what_is_said(
    family: Family, messages: list[Turn], unmask: bool
) -> None:
    tokenizer = tokenizer_of(family)
    messages = messages if family.systems else [turn for turn in messages if turn["role"] != "system"]
    sample = encode(messages, tokenizer, unmask=unmask)
    assert list(sample.tokens) == tokenizer.apply_chat_template(
        [dict(turn) for turn in messages], tokenize=True, return_dict=False
    )
    text, learned = expected(messages, family, unmask)
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    assert list(sample.weights) == [float(end > 0 and learned[end - 1]) for _, end in offsets]


def learned_texts(layout: Layout) -> list[str]:
    return [layout.text[start:end] for start, end in layout.learned]


def thinking() -> ChatTemplate:
    tokenizer = CHATML.tokenizer()
    tokenizer.chat_template = THINKING
    return ChatTemplate(tokenizer)


def thought(text: str, reasoning: str) -> Turn:
    return {"role": "assistant", "content": text, "reasoning_content": reasoning}


def test_a_template_may_write_earlier_answers_in_another_way_than_the_last() -> None:
    layout = thinking().layout(plain(TALK))
    assert layout.text.endswith("<think>\n\n</think>\n\nIn 1843.<|im_end|>\n")
    assert learned_texts(layout) == ["Tarn.<|im_end|>", "In 1843.<|im_end|>"]


def test_reasoning_and_answer_are_learned_with_what_is_between() -> None:
    layout = thinking().layout(plain([user("When?"), thought("In 1843.", "It says so.")]))
    assert learned_texts(layout) == ["It says so.\n</think>\n\n", "In 1843.<|im_end|>"]
    assert layout.learned[0][1] == layout.learned[1][0]
    assert layout.notes == ()


def test_reasoning_that_the_template_leaves_out_is_noted() -> None:
    layout = ChatTemplate(tokenizer_of(CHATML)).layout(plain([user("When?"), thought("In 1843.", "It says so.")]))
    assert "It says so." not in layout.text
    assert layout.notes == (NO_REASONING,)


def test_a_text_that_the_template_takes_apart_is_learned_from_its_prompt() -> None:
    first, last = "<think>\nA\n</think>\n\nTarn.", "<think>\nB\n</think>\n\nIn 1843."
    layout = thinking().layout(plain([user("Who?"), assistant(first), user("When?"), assistant(last)]))
    assert learned_texts(layout) == ["Tarn.<|im_end|>", "<think>\nB\n</think>\n\nIn 1843.<|im_end|>"]
    unmasked = thinking().layout(plain([user("Who?"), assistant(first), user("When?"), assistant(last)], unmask=True))
    assert learned_texts(unmasked)[::2] == ["Who?", "When?"]


CALL = {"type": "function", "function": {"name": "look", "arguments": {"at": "the tower"}}}


@pytest.mark.parametrize("said", ["", "Let me look."])
def test_a_call_of_a_tool_is_learned_and_its_answer_is_given(said: str) -> None:
    called: Turn = {"role": "assistant", "content": said, "tool_calls": [CALL]}
    talk = plain([user("When?"), called, {"role": "tool", "content": "1843"}, assistant("In 1843.")])
    layout = thinking().layout(talk)
    call = '\n<tool_call>look {"at": "the tower"}</tool_call><|im_end|>'
    assert learned_texts(layout) == [said + call, "In 1843.<|im_end|>"]


def test_of_an_answer_without_words_the_end_is_learned() -> None:
    talk = plain([user("Who?"), assistant(""), user("So?"), assistant("A")])
    layout = ChatTemplate(tokenizer_of(CHATML)).layout(talk)
    assert learned_texts(layout) == ["<|im_end|>", "A<|im_end|>"]


def test_messages_that_are_not_to_be_learned_are_given() -> None:
    talk = Conversation(tuple(TALK), (False, False, False, False, True))
    assert learned_texts(ChatTemplate(tokenizer_of(HEADER)).layout(talk)) == ["In 1843.<|eot|>"]


def test_what_is_the_rows_own_is_told_from_what_the_template_adds() -> None:
    layout = ChatTemplate(tokenizer_of(HEADER)).layout(plain([user(" Who? "), assistant("Tarn.")]))
    assert [layout.text[start:end] for start, end in layout.own] == ["Who?", "Tarn."]


ENDLESS = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"


def test_answers_without_an_end_are_noted() -> None:
    tokenizer = TURNS.tokenizer()
    tokenizer.chat_template = ENDLESS
    layout = ChatTemplate(tokenizer).layout(plain([user("Who?"), assistant("Tarn.")]))
    assert (learned_texts(layout), layout.notes) == (["Tarn."], (NO_END,))


def test_a_template_of_another_model_is_known_by_its_tokens() -> None:
    tokenizer = TURNS.tokenizer()
    tokenizer.chat_template = "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"
    assert ChatTemplate(tokenizer).strange == ("<|im_start|>", "<|im_end|>")
    tokenizer.chat_template += tokenizer.eos_token
    assert not ChatTemplate(tokenizer).strange
    assert not any(ChatTemplate(tokenizer_of(family)).strange for family in FAMILIES)


FORGETFUL = "{% for m in messages %}{% if loop.last %}{{ m['content'] }}{% endif %}{% endfor %}"
DEAF = "{% for m in messages %}{% if m['role'] != 'tool' %}{{ m['content'] }}{% endif %}{% endfor %}"
SHOUTING = "{% for m in messages %}{{ m['content'] | upper if m['role'] == 'assistant' else m['content'] }}{% endfor %}"
FICKLE = "{{ messages | length }}" + SHOUTING
REFUSING = "{{ raise_exception('only tools are served') }}"
BROKEN = "{% for m in messages %}"
CARELESS = "{% for m in messages %}{{ m['content'] + m['name'] }}{% endfor %}"


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (FORGETFUL, "leaves out message 1, of the user"),
        (DEAF, "leaves out message 2, of the tool"),
        (FICKLE, "changes earlier messages"),
        (REFUSING, "only tools are served"),
        (BROKEN, "is broken in its line 1: Unexpected end"),
        ("{{ 1 / (messages | length - 3) }}", "refuses the messages .*division by zero"),
        ("{{ messages[7].content }}", "refuses the messages"),
        (CARELESS, "refuses the messages"),
    ],
)
def test_a_template_that_cannot_be_trained_with_is_told(template: str, told: str) -> None:
    tokenizer = CHATML.tokenizer()
    tokenizer.chat_template = template
    messages: list[Turn] = [user("Who?"), {"role": "tool", "content": "1843"}, assistant("Tarn.")]
    with pytest.raises(TrainingDataError, match=told) as caught:
        ChatTemplate(tokenizer).layout(plain(messages))
    assert caught.value.hint


def test_letters_that_a_template_changes_are_still_learned_after_their_prompt() -> None:
    tokenizer = CHATML.tokenizer()
    tokenizer.chat_template = SHOUTING
    layout = ChatTemplate(tokenizer).layout(plain([user("Who?"), assistant("Tarn.")]))
    assert learned_texts(layout) == ["TARN."]


TRIMMED = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] | replace('  ', ' ') }}\n{% endfor %}"


def test_an_answer_that_is_changed_and_has_no_end_is_refused_before_others() -> None:
    tokenizer = CHATML.tokenizer()
    tokenizer.chat_template = TRIMMED
    template = ChatTemplate(tokenizer)
    changed, kept = assistant("Tarn  Osgood."), assistant("Tarn Osgood.")
    talk = plain([user("Who  built it?"), kept, user("So?"), changed])
    assert learned_texts(template.layout(talk)) == ["Tarn Osgood.", "assistant: Tarn Osgood.\n"]
    with pytest.raises(TrainingDataError, match="changes earlier messages"):
        template.layout(plain([user("Who?"), changed, user("So?"), kept]))


def test_a_conversation_of_a_known_form_is_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = CHATML.tokenizer()
    rendered: list[int] = []
    real = tokenizer.apply_chat_template

    def counted(messages: Any, **options: Any) -> Any:
        rendered.append(len(messages) if isinstance(messages[0], list) else 1)
        return real(messages, **options)

    monkeypatch.setattr(tokenizer, "apply_chat_template", counted)
    template = ChatTemplate(tokenizer)
    talks = [
        plain([user(f"Who is {number}?"), assistant("Tarn."), user("So?"), assistant("No.")]) for number in range(9)
    ]
    assert [learned_texts(found) for found in template.layouts(talks) if isinstance(found, Layout)] == [
        ["Tarn.<|im_end|>", "No.<|im_end|>"]
    ] * 9
    # All nine at once; the form with its marks; the look at what ends an answer.
    assert sum(rendered) <= 11


def test_one_bad_conversation_among_good_ones_has_its_own_error() -> None:
    tokenizer = TURNS.tokenizer()
    good, bad = (
        plain([user("Who?"), assistant("Tarn.")]),
        plain([system("Be short."), user("Who?"), assistant("Tarn.")]),
    )
    found = list(ChatTemplate(tokenizer).layouts([good, bad, good]))
    assert [isinstance(each, TrainingDataError) for each in found] == [False, True, False]


def test_weights_are_of_the_letters_that_tokens_end_with() -> None:
    tokenizer = tokenizer_of(HEADER)
    sample: Sample = encode([user("Who?"), assistant("Tarn.")], tokenizer)
    learned = [token for token, weight in zip(sample.tokens, sample.weights, strict=True) if weight]
    assert tokenizer.decode(learned) == "Tarn.<|eot|>"
