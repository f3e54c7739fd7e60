"""An endpoint's answer that comes in events, put together as if it had come at once."""

import json
from collections.abc import Callable
from typing import Any

Told = Callable[[int, str], None]
_DATA = "data:"
DONE = "[DONE]"


def event(line: str) -> Any:
    """What a line of an event stream carries: an object, DONE, or None for a comment or a blank line; ValueError when
    it is broken."""
    if not line.startswith(_DATA):
        return None
    content = line.removeprefix(_DATA).strip()
    return DONE if content == DONE else json.loads(content)


class Assembly:
    """Each piece of a text goes to `tell` with its choice's number."""

    def __init__(self, tell: Told) -> None:
        self._tell = tell
        self._choices: dict[int, dict[str, Any]] = {}
        self._usage: dict[str, Any] = {}

    @property
    def complete(self) -> bool:
        """Whether every choice has come to its end."""
        return bool(self._choices) and all(choice["finish_reason"] for choice in self._choices.values())

    def add(self, event: dict[str, Any]) -> None:
        self._usage = event.get("usage") or self._usage
        for number, choice in enumerate(event.get("choices") or []):
            index = int(choice.get("index", number))
            whole = self._choices.setdefault(index, {"text": "", "finish_reason": None, "logprobs": {}})
            whole["finish_reason"] = choice.get("finish_reason") or whole["finish_reason"]
            for name, values in (choice.get("logprobs") or {}).items():
                if isinstance(values, list):
                    whole["logprobs"].setdefault(name, []).extend(values)
            message = choice.get("delta") or choice.get("message") or {}
            if text := str(message.get("content") or choice.get("text") or ""):
                whole["text"] += text
                self._tell(index, text)

    def answer(self) -> dict[str, Any]:
        """As an endpoint answers that does not stream, with plain texts."""
        return {"choices": [choice for _, choice in sorted(self._choices.items())], "usage": self._usage}
