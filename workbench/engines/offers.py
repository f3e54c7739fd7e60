"""What an endpoint tells besides answering: its model's name and context, its tokenizer, its chat template.

Routes are those of vLLM (/v1/models with max_model_len, /tokenize, /detokenize), of llama-server (/props, /tokenize,
/apply-template) and of llama_cpp.server (/extras/tokenize).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workbench.engines.connection import Connection
from workbench.errors import EngineError
from workbench.messages import Message

DEFAULT_CONTEXT = 4096
_BYTES_A_TOKEN = 3  # where nobody counts: rather too many tokens than too few
# What lists of models call the context that a request has.
_LENGTHS = ("max_model_len", "n_ctx", "context_length", "context_window", "max_context_length")
_SETTINGS = "default_generation_settings"


@dataclass(frozen=True, slots=True)
class _Tokenizer:
    """A route that makes tokens: the field for the text, and the one that asks for a beginning of text."""

    route: str
    text: str
    beginning: str = ""
    named: bool = False


_TOKENIZERS = (
    _Tokenizer("/tokenize", "prompt", "add_special_tokens", named=True),
    _Tokenizer("/tokenize", "content", "add_special"),
    _Tokenizer("/extras/tokenize", "input"),
)


class Offers:
    """Asked once each, when first needed; `model` is the name that requests carry, empty for the first one listed."""

    def __init__(self, connection: Connection, model: str) -> None:
        self._connection = connection
        self._model = model

    @cached_property
    def name(self) -> str:
        return self._model or str(self._listed.get("id", "default"))

    @cached_property
    def context_size(self) -> int:
        """Tokens that a request has, as the server says; 4096 where it does not."""
        listed = self._listed | _table(self._listed.get("meta"))
        told = _number(listed, _LENGTHS) or _number(_table(self._offered("/props").get(_SETTINGS)), _LENGTHS)
        return told or _number(listed, ("n_ctx_train",)) or DEFAULT_CONTEXT

    def count(self, text: str) -> int:
        """By the server's own tokenizer where it offers one; an estimate from above otherwise."""
        return len(self.tokens(text)) or estimate(text)

    def tokens(self, text: str, *, beginning: bool = False) -> list[int]:
        """With the token that begins texts where asked for; none where the server has no tokenizer."""
        return self._ask(self._tokenizer, text, beginning) if text and self._tokenizer else []

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool) -> str:
        """By the server's own template; EngineError where it keeps that to itself."""
        body = {"model": self.name, "messages": list(messages), "add_generation_prompt": add_generation_prompt}
        if prompt := self._offered("/apply-template", body).get("prompt"):
            return str(prompt)
        tokens = self._offered("/tokenize", body | {"add_special_tokens": False}).get("tokens")
        if tokens and (prompt := self._offered("/detokenize", {"model": self.name, "tokens": tokens}).get("prompt")):
            return str(prompt)
        raise EngineError(
            f"the endpoint {self._connection.url} keeps its chat template to itself", hint="send messages"
        )

    @cached_property
    def _listed(self) -> dict[str, Any]:
        data = self._connection.run(self._connection.offered(f"{self._connection.url}/models")).get("data")
        models = [model for model in data if isinstance(model, dict)] if isinstance(data, list) else []
        # A server of one model serves it under any name.
        otherwise = models[:1] if not self._model or len(models) == 1 else []
        return next(iter([model for model in models if model.get("id") == self._model] or otherwise), {})

    @cached_property
    def _tokenizer(self) -> _Tokenizer | None:
        return next((each for each in _TOKENIZERS if self._ask(each, "a text to count", False)), None)

    def _ask(self, tokenizer: _Tokenizer, text: str, beginning: bool) -> list[int]:
        body: dict[str, Any] = {tokenizer.text: text} | ({"model": self.name} if tokenizer.named else {})
        if tokenizer.beginning:
            body[tokenizer.beginning] = beginning
        tokens = self._offered(tokenizer.route, body).get("tokens")
        return tokens if isinstance(tokens, list) else []

    def _offered(self, route: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self._connection.run(self._connection.offered(f"{self._connection.root}{route}", body))


def estimate(text: str) -> int:
    """Tokens of a text that nobody has counted, rather too many."""
    return math.ceil(len(text.encode()) / _BYTES_A_TOKEN)


def _table(said: object) -> dict[str, Any]:
    return said if isinstance(said, dict) else {}


def _number(said: dict[str, Any], names: Sequence[str]) -> int:
    """The first that is one, or 0."""
    return next((said[name] for name in names if isinstance(said.get(name), int) and said[name]), 0)
