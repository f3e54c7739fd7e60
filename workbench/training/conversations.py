"""Rows of a training file as conversations, in the forms that other projects write them too.

Understood are rows of `messages` as InstructLab, TRL and the chat API of OpenAI write them, TRL's pairs of `prompt` and
`completion` where both are messages, and InstructLab's old rows with the role `pretraining`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.errors import TrainingDataError

Turn = Mapping[str, Any]

_TOOL_ROLES = ("tool", "function", "ipython", "tool_response", "assistant_tool_call")
ROLES = ("system", "developer", "user", "assistant", *_TOOL_ROLES, "pretraining")
_REASONING = ("reasoning_content", "thinking", "reasoning")
_TEXT_PARTS = ("text", "input_text", "output_text")
_OLD_MARK = re.compile(r"<\|(system|user|assistant)\|>\n?")
_NEW_MARK = re.compile(r"<\|start_of_role\|>(system|user|assistant)<\|end_of_role\|>\n?")
_OLD_END, _NEW_END = "<|endoftext|>", "<|end_of_text|>"
_FORM = 'a row is {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}'


@dataclass(frozen=True)
class Conversation:
    """Messages in the form that chat templates take, and for each whether what it says is learned."""

    messages: tuple[Turn, ...]
    learned: tuple[bool, ...]
    tools: tuple[Any, ...] = ()

    @property
    def blank(self) -> bool:
        """Whether nobody says anything."""
        return not any(map(_says_something, self.messages))

    @property
    def mute(self) -> bool:
        """Whether nobody from whom something is learned says anything."""
        return not any(says and _says_something(turn) for turn, says in zip(self.messages, self.learned, strict=True))


def conversation(row: Mapping[str, Any]) -> Conversation:
    """The conversation of a row; TrainingDataError says what is wrong with it.

    The assistant's messages are learned, except those with OpenAI's `weight` 0; with `unmask` all but the system's are.
    """
    unmask = _flag(row)
    messages: list[Turn] = []
    weighed: list[bool] = []
    for message in _messages(row):
        turn = _turn(message)
        old = turn["role"] == "pretraining"
        turns = _unrolled(turn["content"]) if old else [turn]
        unmask = unmask or old
        messages += turns
        weighed += [message.get("weight") != 0] * len(turns)
    tools = row.get("tools") or ()
    if not isinstance(tools, Sequence) or isinstance(tools, str):
        raise TrainingDataError("`tools` is no list", hint="give a list of JSON schemas, or leave it out")
    found = plain(messages, unmask=unmask)
    learned = (count and says for count, says in zip(weighed, found.learned, strict=True))
    return replace(found, learned=tuple(learned), tools=tuple(tools))


def plain(messages: Sequence[Turn], *, unmask: bool = False) -> Conversation:
    """Messages that this project wrote, whose form needs no look."""
    learned = [turn["role"] != "system" if unmask else turn["role"] == "assistant" for turn in messages]
    return Conversation(tuple(messages), tuple(learned))


def _says_something(turn: Turn) -> bool:
    return bool(turn.get("tool_calls")) or any(
        str(turn.get(key, "")).strip() for key in ("content", "reasoning_content")
    )


def _flag(row: Mapping[str, Any]) -> bool:
    unmask = row.get("unmask")
    if unmask is not None and not (isinstance(unmask, int) and unmask in (0, 1)):
        raise TrainingDataError(f"`unmask` is {str(unmask)[:40]!r}", hint="`unmask` is true or false")
    return bool(unmask)


def _messages(row: Mapping[str, Any]) -> list[Any]:
    messages = row.get("messages")
    prompt, completion = row.get("prompt"), row.get("completion")
    if "messages" not in row and isinstance(prompt, list) and isinstance(completion, list):
        messages = [*prompt, *completion]
    if "messages" in row and not isinstance(messages, list):
        raise TrainingDataError(f"`messages` is no list but {messages!r:.40}", hint=_FORM)
    if not isinstance(messages, list):
        keys = ", ".join(f"`{key}`" for key in list(row)[:6]) or "nothing"
        hint = f"{_FORM}; `workbench data import` makes such rows of pairs of question and answer"
        raise TrainingDataError(f"there are no `messages`, only {keys}", hint=hint)
    return messages


def _turn(message: Any) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise TrainingDataError(f"{str(message)[:80]} is no message", hint=_FORM)
    role = message.get("role")
    if role not in ROLES:
        told = ", ".join(ROLES)
        raise TrainingDataError(f"{str(message)[:80]} is no message: its role is {role!r}", hint=f"roles are {told}")
    if message.get("function_call"):
        raise TrainingDataError(f"message of the {role}: `function_call` is not read", hint="write it as `tool_calls`")
    turn: dict[str, Any] = {"role": role}
    calls = message.get("tool_calls") if role == "assistant" else None
    if message.get("content") is not None or not calls:
        turn["content"] = _text(message.get("content"), message)
    turn |= {key: message[key] for key in ("name", "tool_call_id") if message.get(key) is not None}
    if calls:
        turn["tool_calls"] = [_call(call) for call in calls] if isinstance(calls, list) else [_call(calls)]
    if role == "assistant" and (said := _reasoning(message)):
        # Templates read the one name or the other.
        turn |= {"reasoning_content": said, "thinking": said}
    return turn


def _text(content: Any, message: Mapping[str, Any]) -> str:
    """A text, or the texts of a list of parts on lines of their own, as servers of the chat API join them."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        told = f"{str(message)[:80]} is no message: its content is {content!r:.40}"
        raise TrainingDataError(told, hint="content is a text, or a list of parts of the type text")
    texts: list[str] = []
    for part in content:
        text = part.get("text") if isinstance(part, dict) and part.get("type", "text") in _TEXT_PARTS else part
        if not isinstance(text, str):
            kind = part.get("type") if isinstance(part, dict) else type(part).__name__
            raise TrainingDataError(
                f"a part of the type {kind!r} cannot be trained on", hint="only text is learned: take the part out"
            )
        texts.append(text)
    return "\n".join(texts)


def _reasoning(message: Mapping[str, Any]) -> str:
    said = next((message[key] for key in _REASONING if message.get(key) is not None), "")
    if not isinstance(said, str):
        raise TrainingDataError(f"the reasoning is {str(said)[:40]!r}", hint="`reasoning_content` is a text")
    return said if said.strip() else ""


def _call(call: Any) -> Any:
    """The API writes a call's arguments as JSON in a text; templates want the object."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        hint = 'a call is {"type": "function", "function": {"name": "...", "arguments": {}}}'
        raise TrainingDataError(f"{str(call)[:80]} is no call of a tool", hint=hint)
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return call
        return {**call, "function": {**function, "arguments": arguments}}
    return call


def _unrolled(text: str) -> list[dict[str, Any]]:
    """The messages inside the text of a `pretraining` message, in the form of Granite 7B or of Granite 3.

    As instructlab/training reads them, except that a message does not end at its first `<` and a system's stays.
    """
    old = "<|user|>" in text or "<|assistant|>" in text
    before, *parts = (_OLD_MARK if old else _NEW_MARK).split(text)
    if not parts or before.strip():
        raise TrainingDataError(
            "a pretraining text does not begin with the mark of a role",
            hint='it is "<|user|>\\n...\\n<|assistant|>\\n..."; write any other text as {"document": "..."}',
        )
    end = _OLD_END if old else _NEW_END
    return [
        {"role": role, "content": content.replace(end, "")}
        for role, content in zip(parts[::2], parts[1::2], strict=True)
    ]
