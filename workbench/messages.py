"""Chat messages as every stage passes them on: a role (system, user or assistant) and a text."""

from collections.abc import Iterable
from typing import TypedDict

from workbench.errors import RecordError


class Message(TypedDict):
    """One turn of a conversation, in the form that JSONL rows and chat templates share."""

    role: str
    content: str


def system(text: str) -> Message:
    return {"role": "system", "content": text}


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def assistant(text: str) -> Message:
    return {"role": "assistant", "content": text}


def first_user(messages: Iterable[Message]) -> str:
    """The text that opens the conversation; RecordError when nobody asks anything."""
    return _contents(messages, "user")[0]


def last_assistant(messages: Iterable[Message]) -> str:
    """The text that the model is to learn or has said last; RecordError when there is none."""
    return _contents(messages, "assistant")[-1]


def _contents(messages: Iterable[Message], role: str) -> list[str]:
    found = [message["content"] for message in messages if message["role"] == role]
    if not found:
        raise RecordError(f"the conversation holds no message of the {role}")
    return found
