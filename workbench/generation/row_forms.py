"""The forms that rows of people's own files have, read as conversations: what to ask, what to answer, about what.

Besides rows of `messages` these are rows of the pretraining form that InstructLab wrote until 2024 (one message whose
text holds role marks), rows of `user` and `assistant`, and plain pairs of `question` and `answer`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workbench.messages import Message, assistant, system, user

_ROLES = ("system", "user", "assistant")
_OLD_MARK = re.compile(r"<\|(system|user|assistant)\|>\n?")
_NEW_MARK = re.compile(r"<\|start_of_role\|>(system|user|assistant)<\|end_of_role\|>")
_END = re.compile(r"\s*<\|(?:end_of_text|endoftext)\|>\s*$")


@dataclass(frozen=True)
class Conversation:
    """`unmask` says that all of it is learned, not the answers alone; `metadata` is what the row said of itself."""

    messages: tuple[Message, ...]
    unmask: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def asked(self) -> str:
        """What the user says first."""
        return next(message["content"] for message in self.messages if message["role"] == "user")

    def under(self, prompt: str) -> "Conversation":
        """The same with another system message; an empty prompt leaves it as it is."""
        spoken = [message for message in self.messages if message["role"] != "system"]
        return replace(self, messages=(system(prompt), *spoken)) if prompt else self

    @property
    def answered(self) -> str:
        """What the model says last."""
        return self.messages[-1]["content"]


def conversation(row: Mapping[str, Any]) -> Conversation:
    """ValueError says why a row is none of the forms."""
    if "messages" in row:
        return _from_messages(row)
    for asked, answered in (("user", "assistant"), ("question", "answer")):
        if asked in row and answered in row:
            return _from_pair(row, asked, answered)
    raise ValueError("neither `messages` nor `question` and `answer`")


def _from_messages(row: Mapping[str, Any]) -> Conversation:
    given = row["messages"]
    if not isinstance(given, list) or not given:
        raise ValueError("`messages` is no list of messages")
    messages = [_message(message, number) for number, message in enumerate(given, start=1)]
    unmask = row.get("unmask", False)
    if not isinstance(unmask, bool):
        raise ValueError("`unmask` is neither true nor false")
    if any(message["role"] == "pretraining" for message in messages):
        messages, unmask = _marked(messages), True
    return Conversation(_checked(messages), unmask, _metadata(row))


def _message(message: object, number: int) -> Message:
    if not isinstance(message, dict):
        raise ValueError(f"message {number} is no object")
    role, content = message.get("role"), message.get("content")
    if role not in (*_ROLES, "pretraining"):
        raise ValueError(f"message {number} has the role {role!r}; allowed: {', '.join(_ROLES)}")
    if not isinstance(content, str):
        raise ValueError(f"message {number} has no text as its content")
    return {"role": role, "content": content}


def _marked(messages: Sequence[Message]) -> list[Message]:
    """The conversation inside the text of a pretraining message; what stands beside it is kept."""
    found: list[Message] = []
    for message in messages:
        if message["role"] != "pretraining":
            found.append(message)
            continue
        text = message["content"]
        parts = (_NEW_MARK if _NEW_MARK.search(text) else _OLD_MARK).split(text)
        if len(parts) < 3 or parts[0].strip():
            raise ValueError("a pretraining text does not begin with the mark of a role")
        turns = zip(parts[1::2], parts[2::2], strict=True)
        found += [{"role": role, "content": _END.sub("", content).strip()} for role, content in turns]
    return found


def _checked(messages: Sequence[Message]) -> tuple[Message, ...]:
    roles = [message["role"] for message in messages]
    if "user" not in roles:
        raise ValueError("nobody asks: there is no message of the user")
    if roles[-1] != "assistant":
        raise ValueError("it does not end with a message of the assistant")
    if "system" in roles[1:]:
        raise ValueError("a system message stands behind others")
    return tuple(messages)


def _from_pair(row: Mapping[str, Any], asked: str, answered: str) -> Conversation:
    texts = {name: row.get(name) or "" for name in (asked, answered, "context", "system")}
    wrong = [name for name, text in texts.items() if not isinstance(text, str)]
    if wrong:
        raise ValueError(f"`{wrong[0]}` is no text")
    context = texts["context"].strip()
    known = {name: row[name] for name in ("leaf", "kind", "domain") if isinstance(row.get(name), str)}
    question = texts[asked]
    if context and row.get("kind") != "knowledge":
        question = f"{context}\n\n{question}"
    messages = [user(question), assistant(texts[answered])]
    first = [system(texts["system"])] if texts["system"].strip() else []
    return Conversation((*first, *messages), False, known | ({"raw_document": context} if context else {}))


def _metadata(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """As an object, or as JSON in a text, as InstructLab writes it; anything else is kept as a note."""
    given = row.get("metadata") or {}
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except json.JSONDecodeError:
            return {"note": given}
    return given if isinstance(given, dict) else {"note": given}
