"""Pupils behind an endpoint: they answer in chats, and echo prompts with how likely they find each character."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.engines.endpoints import Reply, completion
from tests.evaluation.pupils import Pupil

_LISTED = re.compile(r"(?:^|\n\n)([^\n]+)\n((?:[A-Z]\. [^\n]+\n)+)Answer: (.)$")


@dataclass
class School:
    """`pupils` by name; those that do not echo score nothing. After `life` answers it has no more; `chats` are what was
    answered in chats."""

    pupils: Mapping[str, Pupil]
    echoes: bool = True
    life: int = 1_000_000
    answered: int = 0
    chats: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, path: str, body: dict[str, Any]) -> Reply:
        if path == "/v1/models":
            return 200, {}, {"data": [{"id": name} for name in self.pupils]}
        if path == "/v1/chat/completions":
            return self._within(lambda pupil: completion(body, pupil.answer(body["messages"][-1]["content"])), body)
        if path == "/v1/completions" and self.echoes:
            return self._within(lambda pupil: _echoed(pupil, body), body, counts=body.get("echo", False))
        return 404, {}, {"error": "no such route"}

    def _within(self, answer: Any, body: dict[str, Any], *, counts: bool = True) -> Reply:
        with self.lock:
            self.answered += counts
            if self.answered > self.life:
                return 503, {"Retry-After": "0"}, "going down"
            self.chats += [message["content"] for message in body.get("messages", ())[-1:]]
            found: Reply = answer(self.pupils[body["model"]])
            return found


def _echoed(pupil: Pupil, body: dict[str, Any]) -> Reply:
    """A character is a token, and an x follows whatever was said."""
    text = (body["prompt"] if body.get("echo") else "") + "x"
    start = len(body["prompt"]) - len(text) + 1
    likely = [_likely(pupil, body["prompt"][: start + end]) for end in range(1, len(text))]
    logprobs = {"tokens": list(text), "token_logprobs": [*likely, -1.0]}
    return 200, {}, {"choices": [{"text": text, "logprobs": logprobs, "finish_reason": "length"}], "usage": {}}


def _likely(pupil: Pupil, text: str) -> float:
    """Of the last character: those behind a question are likelier where they are the letter of what the pupil says."""
    found = _LISTED.search(text)
    if not found:
        return -1.0
    listed = dict(line.split(". ", 1) for line in found[2].splitlines())
    return -0.5 if listed.get(found[3]) == pupil.answer(found[1]) else -3.0
