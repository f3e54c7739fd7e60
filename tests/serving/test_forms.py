import json
import math
from typing import Any

import pytest
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from workbench.engines.engine import Logprob
from workbench.serving.bodies import Body, ChatBody, TextBody, parse
from workbench.serving.choices import Choice, Choices
from workbench.serving.forms import Form

TOLD = (Logprob(b"So", None), Logprob("ö".encode()[:1], -0.5, ((b"b", -0.1),)), Logprob(b"\xb6k", -math.inf))


def body(chat: bool, **fields: Any) -> Body:
    if chat:
        return parse(ChatBody, _json({"model": "m", "messages": [{"role": "user", "content": "x"}]} | fields))
    return parse(TextBody, _json({"model": "m", "prompt": "x"} | fields))


def _json(fields: dict[str, Any]) -> bytes:

    return json.dumps(fields).encode()


@pytest.mark.parametrize("chat", [True, False])
def test_a_whole_answer_is_one_of_the_api(chat: bool) -> None:
    asked = body(chat)
    choices = [Choice(1, "b", "length", None, 1), Choice(0, "a", "stop", TOLD[1:], 2)]
    written = Form("id-1", asked, created=7).whole(choices, Choices(asked))
    kind = ChatCompletion if chat else Completion
    read = kind.model_validate(written, strict=True)
    assert [choice.index for choice in read.choices] == [0, 1]
    assert (read.id, read.created, read.model) == ("id-1", 7, "m")
    assert written["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def test_chunks_of_a_chat_are_those_of_the_api() -> None:
    form = Form("id-1", body(True, stream=True, stream_options={"include_usage": True}))
    chunks = [*form.opening(0, ""), form.piece(0, "a"), form.closing(Choice(0, "a", "stop", TOLD[1:], 1))]
    for chunk in [*chunks, form.counted(Choices(form.body))]:
        ChatCompletionChunk.model_validate(chunk, strict=True)
        assert "usage" in chunk
    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": ""},
        {"content": "a"},
        {},
    ]


def test_a_plain_completion_begins_with_what_it_repeats() -> None:
    form = Form("id-1", body(False))
    assert [chunk["choices"][0]["text"] for chunk in form.opening(2, "x")] == ["x"]
    assert not [*form.opening(2, "")]
    assert form.closing(Choice(0, "xa", "stop", None, 1))["choices"][0]["text"] == ""


def test_log_probabilities_of_a_chat_show_bytes() -> None:
    told = Form("i", body(True)).whole([Choice(0, "", "stop", TOLD, 1)], Choices(body(True)))
    content = told["choices"][0]["logprobs"]["content"]
    assert [each["bytes"] for each in content] == [[83, 111], [195], [182, 107]]
    assert [each["token"] for each in content] == ["So", "bytes:\\xc3", "bytes:\\xb6\\x6b"]
    assert content[1]["top_logprobs"] == [{"token": "b", "logprob": -0.1, "bytes": [98]}]
    assert content[2]["logprob"] == -9999.0


def test_log_probabilities_of_a_plain_completion_are_lists() -> None:
    told = Form("i", body(False)).whole([Choice(0, "", "stop", TOLD, 1)], Choices(body(False)))
    listed = told["choices"][0]["logprobs"]
    assert listed["token_logprobs"] == [None, -0.5, -9999.0]
    assert listed["top_logprobs"] == [None, {"b": -0.1, "bytes:\\xc3": -0.5}, {"bytes:\\xb6\\x6b": -9999.0}]
    assert listed["text_offset"] == [0, 2, 2]


def test_what_is_no_number_is_null() -> None:
    broken = (Logprob(b"a", math.nan, ((b"b", math.nan),)),)
    told = Form("i", body(False)).whole([Choice(0, "", "stop", broken, 1)], Choices(body(False)))
    assert json.loads(json.dumps(told, allow_nan=False))["choices"][0]["logprobs"]["token_logprobs"] == [None]
