"""Answers and the chunks of streamed ones, in the forms of OpenAI's chat and completion API."""

import codecs
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.engines.engine import Logprob
from workbench.serving.bodies import Body, ChatBody
from workbench.serving.choices import Choice, Choices

# What the API writes instead of minus infinity.
_LEAST = -9999.0


@dataclass(frozen=True)
class Form:
    """Of one answer: its id, the model's name as the client knows it, and seconds since the epoch."""

    id: str
    body: Body
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, choices: list[Choice], counts: Choices) -> dict[str, Any]:
        written = [self._ended(each, self._said(each.text)) for each in sorted(choices, key=lambda each: each.index)]
        return self._frame(written, streamed=False) | {"usage": usage(counts)}

    def opening(self, index: int, echoed: str) -> Iterator[dict[str, Any]]:
        """What a chat begins with, or a plain completion that repeats its prompt."""
        if self._chat:
            said = {"role": "assistant", "content": ""}
            yield self._chunk({"index": index, "delta": said, "logprobs": None, "finish_reason": None})
        if echoed:
            yield self.piece(index, echoed)

    def piece(self, index: int, text: str) -> dict[str, Any]:
        said = {"delta": {"content": text}} if self._chat else {"text": text}
        return self._chunk({"index": index, **said, "logprobs": None, "finish_reason": None})

    def closing(self, choice: Choice) -> dict[str, Any]:
        """The last chunk of a choice; it brings the log-probabilities of all its tokens."""
        return self._chunk(self._ended(choice, {"delta": {}} if self._chat else {"text": ""}))

    def counted(self, counts: Choices) -> dict[str, Any]:
        """The chunk behind all others."""
        return self._frame([], streamed=True) | {"usage": usage(counts)}

    @property
    def _chat(self) -> bool:
        return isinstance(self.body, ChatBody)

    def _chunk(self, choice: dict[str, Any]) -> dict[str, Any]:
        told = {"usage": None} if self.body.stream_options.include_usage else {}
        return self._frame([choice], streamed=True) | told

    def _frame(self, choices: list[dict[str, Any]], *, streamed: bool) -> dict[str, Any]:
        kind = ("chat.completion.chunk" if streamed else "chat.completion") if self._chat else "text_completion"
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.body.model,
            "choices": choices,
        }

    def _said(self, text: str) -> dict[str, Any]:
        return {"message": {"role": "assistant", "content": text}} if self._chat else {"text": text}

    def _ended(self, choice: Choice, said: Mapping[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] | None = None
        if choice.logprobs is not None:
            told = {"content": [_told(each) for each in choice.logprobs]} if self._chat else _listed(choice.logprobs)
        return {"index": choice.index, **said, "logprobs": told, "finish_reason": choice.finish}


def usage(counts: Choices) -> Mapping[str, int]:
    total = counts.prompt_tokens + counts.tokens
    return {"prompt_tokens": counts.prompt_tokens, "completion_tokens": counts.tokens, "total_tokens": total}


def _told(each: Logprob) -> dict[str, Any]:
    """A chat's form: bytes beside the text, as a token may be half a character."""
    top = [_named(piece, value) for piece, value in each.top]
    return _named(each.piece, each.value) | {"top_logprobs": top}


def _named(piece: bytes, value: float | None) -> dict[str, Any]:
    return {"token": _spelled(piece), "logprob": _finite(value), "bytes": list(piece)}


def _listed(logprobs: tuple[Logprob, ...]) -> dict[str, Any]:
    """A plain completion's form: lists side by side; the token itself is always among the likeliest, the first token of
    a text has neither."""
    offsets, place = [], 0
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for each in logprobs:
        offsets.append(place)
        place += len(decoder.decode(each.piece))
    return {
        "tokens": [_spelled(each.piece) for each in logprobs],
        "token_logprobs": [_finite(each.value) for each in logprobs],
        "top_logprobs": [_table(each) for each in logprobs],
        "text_offset": offsets,
    }


def _table(each: Logprob) -> dict[str, float | None] | None:
    if each.value is None:
        return None
    return {_spelled(piece): _finite(value) for piece, value in (*each.top, (each.piece, each.value))}


def _spelled(piece: bytes) -> str:
    """The text, or the bytes' numbers where it is not whole characters."""
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in piece)


def _finite(value: float | None) -> float | None:
    """As JSON can say it, which knows neither infinite numbers nor what is none."""
    return None if value is None or math.isnan(value) else max(value, _LEAST)
