from typing import Any

import pytest

from workbench.errors import TrainingDataError
from workbench.training.conversations import conversation, plain

ASKED = {"role": "user", "content": "Who?"}
SAID = {"role": "assistant", "content": "Tarn."}


def test_other_keys_of_row_and_message_are_passed_over() -> None:
    row = {"messages": [ASKED | {"date": 3}, SAID | {"refusal": None}], "id": "x", "metadata": {"a": 1}, "group": None}
    assert conversation(row) == plain([ASKED, SAID])


@pytest.mark.parametrize(("unmask", "learned"), [(True, (False, True, True)), (False, (False, False, True))])
def test_unmask_learns_all_but_the_system(unmask: bool, learned: tuple[bool, ...]) -> None:
    messages = [{"role": "system", "content": "Be short."}, ASKED, SAID]
    assert conversation({"messages": messages, "unmask": unmask}).learned == learned


def test_an_answer_of_weight_nought_is_not_learned() -> None:
    messages = [ASKED, SAID | {"weight": 0}, ASKED, SAID | {"weight": 1}]
    found = conversation({"messages": messages})
    assert found.learned == (False, False, False, True)
    assert all("weight" not in turn for turn in found.messages)


def test_parts_of_a_content_are_joined() -> None:
    parts = [{"type": "text", "text": "Who"}, {"type": "text", "text": "built it?"}]
    found = conversation({"messages": [{"role": "user", "content": parts}, SAID]})
    assert found.messages[0]["content"] == "Who\nbuilt it?"


def test_prompt_and_completion_of_messages_are_a_conversation() -> None:
    assert conversation({"prompt": [ASKED], "completion": [SAID]}) == plain([ASKED, SAID])


@pytest.mark.parametrize("key", ["reasoning_content", "thinking", "reasoning"])
def test_reasoning_is_known_under_its_names(key: str) -> None:
    found = conversation({"messages": [ASKED, SAID | {key: "It says so."}]})
    assert found.messages[1] == SAID | {"reasoning_content": "It says so.", "thinking": "It says so."}


def test_a_call_of_a_tool_may_say_nothing_else_and_its_arguments_become_an_object() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"at": 3}'}}
    answer = {"role": "tool", "content": "1843", "tool_call_id": "1"}
    called = {"role": "assistant", "content": None, "tool_calls": [call]}
    found = conversation({"messages": [ASKED, called, answer, SAID], "tools": [{"type": "function"}]})
    assert found.messages[1] == {
        "role": "assistant",
        "tool_calls": [{**call, "function": {"name": "look", "arguments": {"at": 3}}}],
    }
    assert found.messages[2] == answer
    assert found.tools == ({"type": "function"},)


OLD = "<|system|>\nBe short.\n<|user|>\nIs 1 < 2?\n<|assistant|>\nYes, 1 < 2.<|endoftext|>"
NEW = "<|start_of_role|>user<|end_of_role|>\nIs 1 < 2?<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>\nYes."


def test_an_old_pretraining_text_is_unrolled_and_learned() -> None:
    found = conversation({"messages": [{"role": "pretraining", "content": OLD}], "unmask": False})
    assert [(turn["role"], turn["content"]) for turn in found.messages] == [
        ("system", "Be short.\n"),
        ("user", "Is 1 < 2?\n"),
        ("assistant", "Yes, 1 < 2."),
    ]
    assert found.learned == (False, True, True)


def test_a_pretraining_text_of_granite_3_is_unrolled_too() -> None:
    found = conversation({"messages": [{"role": "system", "content": "S"}, {"role": "pretraining", "content": NEW}]})
    assert [(turn["role"], turn["content"]) for turn in found.messages] == [
        ("system", "S"),
        ("user", "Is 1 < 2?\n"),
        ("assistant", "Yes."),
    ]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({}, "only nothing"),
        ({"conversations": [], "id": 1}, "only `conversations`, `id`"),
        ({"messages": "Who?"}, "`messages` is no list but 'Who"),
        ({"messages": None}, "`messages` is no list but None"),
        ({"messages": ["Who?"]}, "'?Who\\?'? is no message"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "its role is 'robot'"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "is no message"),
        ({"messages": [{"role": "user", "content": None}]}, "its content is None"),
        ({"messages": [{"role": "user", "content": {"text": "x"}}]}, "its content is"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, "'image_url'"),
        ({"messages": [{"role": "user", "content": [3]}]}, "'int'"),
        ({"messages": [ASKED, SAID | {"function_call": {"name": "look"}}]}, "`function_call`"),
        ({"messages": [ASKED, SAID | {"tool_calls": ["look"]}]}, "no call of a tool"),
        ({"messages": [ASKED, SAID | {"tool_calls": "look"}]}, "no call of a tool"),
        ({"messages": [ASKED, SAID | {"reasoning_content": 3}]}, "the reasoning"),
        ({"messages": [ASKED, SAID], "unmask": "yes"}, "`unmask` is 'yes'"),
        ({"messages": [ASKED, SAID], "tools": "look"}, "`tools` is no list"),
        ({"messages": [{"role": "pretraining", "content": "Once there was a tower."}]}, "mark of a role"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_with_a_way_out(row: dict[str, Any], told: str) -> None:
    with pytest.raises(TrainingDataError, match=told) as caught:
        conversation(row)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("messages", "blank"), [([], True), ([{"role": "user", "content": " \n"}], True), ([ASKED], False)]
)
def test_a_conversation_without_words_is_blank(messages: list[dict[str, Any]], blank: bool) -> None:
    assert conversation({"messages": messages}).blank is blank


@pytest.mark.parametrize(
    ("said", "mute"),
    [
        ({"content": " "}, True),
        ({"content": "Tarn."}, False),
        ({"content": "", "reasoning_content": "It says so."}, False),
        ({"tool_calls": [{"function": {"name": "look"}}]}, False),
        ({"content": "Tarn.", "weight": 0}, True),
    ],
)
def test_a_conversation_in_which_no_assistant_says_anything_is_mute(said: dict[str, Any], mute: bool) -> None:
    assert conversation({"messages": [ASKED, {"role": "assistant", **said}]}).mute is mute
