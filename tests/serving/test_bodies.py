import json
from typing import Any

import pytest

from workbench.serving.bodies import ChatBody, TextBody, parse
from workbench.serving.refusals import Refusal

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Who?"}]}
TEXT: dict[str, Any] = {"model": "m", "prompt": "Who?"}


def chat(**fields: Any) -> ChatBody:
    return parse(ChatBody, json.dumps(CHAT | fields).encode())


def text(**fields: Any) -> TextBody:
    return parse(TextBody, json.dumps(TEXT | fields).encode())


def refused(**fields: Any) -> Refusal:
    kind, whole = (TextBody, TEXT) if "prompt" in fields else (ChatBody, CHAT)
    with pytest.raises(Refusal) as raised:
        parse(kind, json.dumps(whole | fields).encode())
    return raised.value


def test_what_is_left_out_is_as_the_api_says() -> None:
    body = chat()
    assert (body.n, body.temperature, body.top_p, body.length, body.likely, body.stop) == (1, 1.0, 1.0, None, None, [])
    assert (text().length, text().echo, text().likely) == (16, False, None)


def test_null_is_as_left_out() -> None:
    assert chat(temperature=None, stop=None, seed=None, response_format=None, tools=None) == chat()


def test_messages_become_those_of_the_engines() -> None:
    parts = [{"type": "text", "text": "Who "}, {"type": "text", "text": "built it?"}]
    sent = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts, "name": "Tarn"}]
    answered: dict[str, Any] = {"role": "assistant", "content": "He.", "refusal": None, "annotations": []}
    body = chat(messages=[*sent, answered])
    (prompt,) = body.prompts
    assert [(each["role"], each["content"]) for each in prompt if isinstance(each, dict)] == [
        ("system", "Be brief."),
        ("user", "Who built it?"),
        ("assistant", "He."),
    ]


def test_the_newer_name_of_a_length_goes_before_the_older() -> None:
    assert chat(max_tokens=5).length == 5
    assert chat(max_tokens=5, max_completion_tokens=7).length == 7


def test_one_stop_text_or_several() -> None:
    assert (chat(stop="a").stop, chat(stop=["a", "b"]).stop) == (["a"], ["a", "b"])


def test_prompts_and_samples_multiply() -> None:
    assert text(prompt=["a", "b"], n=64).prompts == ["a", "b"]
    assert "128 answers" in refused(prompt=["a", "b"], n=65).message
    assert "128 answers" in refused(prompt=[]).message


@pytest.mark.parametrize("name", ["user", "metadata", "store", "service_tier", "parallel_tool_calls"])
def test_what_changes_no_answer_is_not_heeded(name: str) -> None:
    assert chat(**{name: "x"}) == chat()


@pytest.mark.parametrize(
    ("name", "neutral", "other"),
    [
        ("presence_penalty", 0, 0.5),
        ("frequency_penalty", 0.0, 1),
        ("repeat_penalty", 1.0, 1.1),
        ("logit_bias", {}, {"5": 100}),
        ("tools", [], [{}]),
        ("tool_choice", "none", "required"),
        ("modalities", ["text"], ["audio"]),
        ("best_of", 1, 3),
    ],
)
def test_what_would_not_be_heeded_is_refused(name: str, neutral: object, other: object) -> None:
    assert chat(**{name: neutral}) == chat()
    refusal = refused(**{name: other})
    assert (refusal.param, refusal.code, refusal.status) == (name, "unsupported_parameter", 400)


def test_as_many_to_choose_from_as_are_wanted_is_no_choice() -> None:
    assert text(best_of=3, n=3).n == 3


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"top_logprobs": 3}, None),
        ({"max_tokens": 0}, None),
        ({"temperature": "1"}, "temperature"),
        ({"stop": ["a"] * 17}, "stop"),
        ({"stop": ""}, "stop"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, "messages.0.content.0"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": [1, 2, 3]}, "prompt"),
        ({"stream_options": {"include_usage": "yes"}}, "stream_options.include_usage"),
    ],
)
def test_the_field_is_named(fields: dict[str, Any], param: str | None) -> None:
    found = refused(**fields).param
    assert found == param or (found or "").startswith(f"{param}.")


def test_a_field_that_is_missing_is_named() -> None:
    with pytest.raises(Refusal, match="model: it is missing"):
        parse(ChatBody, b'{"messages": [{"role": "user", "content": "x"}]}')


@pytest.mark.parametrize("raw", [b"", b"[]", b"nothing", b'{"temperature": NaN}', b"\xff", b'{"a": "\\udc00"}'])
def test_what_is_no_json_object_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(Refusal) as raised:
        parse(ChatBody, raw)
    assert raised.value.code == "invalid_json"


def test_schemas_come_in_three_ways() -> None:
    schema = {"type": "object", "properties": {}}
    wrapped = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    for given in (wrapped, {"type": "json_object", "schema": schema}):
        assert json.loads(chat(response_format=given).schema_text) == schema
    assert json.loads(chat(response_format={"type": "json_object"}).schema_text) == {"type": "object"}
    assert chat(response_format={"type": "text"}).schema_text == ""
    assert "response_format" in (refused(response_format={"type": "json_schema"}).param or "")
    deep = {"type": "json_object", "schema": {"type": "string", "maxLength": 10**9}}
    assert "1000 here at most" in refused(response_format=deep).message
