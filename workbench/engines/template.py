"""A model's own chat template, rendered in jinja2's sandbox with what transformers offers to templates."""

import datetime
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from workbench.errors import ModelError
from workbench.messages import Message

# Private-use characters: no text has a reason to hold them, and one that does is only cut in more pieces.
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"


@dataclass(frozen=True)
class Piece:
    """`literal` text comes from a message and must not become special tokens, whatever it spells."""

    text: str
    literal: bool = False


@dataclass(frozen=True)
class ChatTemplate:
    """`special` are the spellings that a tokenizer turns into control tokens; `tokens` bos_token, eos_token, ..."""

    source: str
    model: str
    tokens: dict[str, str] = field(default_factory=dict)
    special: tuple[str, ...] = ()

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        """The conversation as one text; ModelError when the model has no template or the template refuses."""
        if not self.source:
            raise ModelError(
                f"{self.model} has no chat template", hint="take a chat model; this one can only go on with a text"
            )
        try:
            return self._compiled.render(
                messages=[dict(message) for message in messages],
                add_generation_prompt=add_generation_prompt,
                tools=None,
                documents=None,
                **self.tokens,
            )
        except jinja2.TemplateError as error:
            raise ModelError(f"the chat template of {self.model} refuses these messages: {error}") from error

    def pieces(self, messages: Sequence[Message]) -> list[Piece]:
        """The rendered conversation with its generation prompt, cut where a message spells a special token."""
        spelled: list[str] = []

        def mark(found: re.Match[str]) -> str:
            spelled.append(found.group())
            return f"{_OPEN}{len(spelled) - 1}{_CLOSE}"

        guarded: list[Message] = [
            {"role": message["role"], "content": self._spellings.sub(mark, message["content"])} for message in messages
        ]
        parts = re.split(f"{_OPEN}(\\d+){_CLOSE}", self.render(guarded))
        return [
            Piece(spelled[int(part)], literal=True) if number % 2 else Piece(part)
            for number, part in enumerate(parts)
            if part
        ]

    @cached_property
    def _spellings(self) -> re.Pattern[str]:
        # The marks are guarded too, so that a message cannot forge one.
        longest_first = sorted(self.special, key=len, reverse=True)
        return re.compile("|".join(re.escape(text) for text in [*longest_first, _OPEN, _CLOSE]))

    @cached_property
    def _compiled(self) -> jinja2.Template:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols]
        )
        environment.filters["tojson"] = _to_json
        environment.globals |= {"raise_exception": _refuse, "strftime_now": _now}
        try:
            return environment.from_string(self.source)
        except jinja2.TemplateError as error:
            raise ModelError(f"the chat template of {self.model} is not valid: {error}") from error


def _refuse(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _now(pattern: str) -> str:
    return datetime.datetime.now().strftime(pattern)


def _to_json(value: Any, indent: int | None = None) -> str:
    """jinja2's own filter escapes for HTML, which a model would read as text."""
    return json.dumps(value, ensure_ascii=False, indent=indent)
