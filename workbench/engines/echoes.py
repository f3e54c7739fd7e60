"""How likely a served model finds a text: read from a prompt that the endpoint echoes with its log-probabilities.

Some servers echo without them, and some with those of the wrong position, so a trial comes before: a token that the
model wrote by itself must be found as likely when it is echoed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.engines.connection import RefusedError

# The fields of plain completions, asked side by side, and whether it is a trial; the first choice of each comes back.
Ask = Callable[[Sequence[Mapping[str, Any]], bool], Sequence[Mapping[str, Any]]]
Tokens = Callable[[str, bool], Sequence[int]]
Logged = tuple[str, float | None]
_TRIAL = "The sun rises in the east and sets in the"
_CLOSE = 0.05


class Echo:
    """`tokens` turns a text into tokens, with the one that begins texts where asked; none without a tokenizer."""

    def __init__(self, ask: Ask, tokens: Tokens) -> None:
        self._ask = ask
        self._tokens = tokens
        self._by_tokens = False
        self._trusted = False

    def works(self) -> bool:
        """Whether echoed log-probabilities are there and are right, of tokens or else of texts."""
        try:
            (first,) = self._ask([{"prompt": _TRIAL, "max_tokens": 1, "logprobs": 1}], True)
            token, likely = _logged(first)[0]
        except (RefusedError, ValueError):
            return False
        self._trusted = any(self._agrees(token, likely, by_tokens) for by_tokens in (True, False))
        return self._trusted

    def score(self, context: str, continuations: Sequence[str]) -> list[float]:
        """Nats of each continuation behind the context, tokens made apart where the server takes tokens; ValueError
        where the echo does not show where one begins."""
        wanted = [text for text in dict.fromkeys(continuations) if text]
        scores = self._of_tokens(context, wanted) if self._by_tokens else self._of_texts(context, wanted)
        found = dict(zip(wanted, scores, strict=True))
        return [found.get(text, 0.0) for text in continuations]

    def _agrees(self, token: str, likely: float | None, by_tokens: bool) -> bool:
        self._by_tokens = by_tokens
        try:
            return likely is not None and abs(self.score(_TRIAL, [token])[0] - likely) < _CLOSE
        except (RefusedError, ValueError):
            return False

    def _of_tokens(self, context: str, continuations: Sequence[str]) -> list[float]:
        before = list(self._tokens(context, True))
        behind = [list(self._tokens(text, False)) for text in continuations]
        if not before or not all(behind):
            raise ValueError("the endpoint made no tokens of a text")
        echoed = self._echoed([before + tokens for tokens in behind])
        return [
            _sum(logged[len(before) : len(before) + len(tokens)], len(tokens))
            for logged, tokens in zip(echoed, behind, strict=True)
        ]

    def _of_texts(self, context: str, continuations: Sequence[str]) -> list[float]:
        echoed = self._echoed([context + text for text in continuations])
        return [_sum(_behind(each, context, text)) for each, text in zip(echoed, continuations, strict=True)]

    def _echoed(self, prompts: Sequence[str | list[int]]) -> list[list[Logged]]:
        """Each prompt's tokens, and mostly the one that was written behind them."""
        fields = {"max_tokens": 1, "logprobs": 1, "echo": True}
        asked = [{"prompt": prompt} | fields for prompt in prompts]
        return [_logged(choice) for choice in self._ask(asked, not self._trusted)]


def _logged(choice: Mapping[str, Any]) -> list[Logged]:
    """Tokens as texts with their log-probabilities; ValueError where the answer has none."""
    logged = choice.get("logprobs")
    tokens, likely = (logged.get("tokens"), logged.get("token_logprobs")) if isinstance(logged, dict) else (None, None)
    if not isinstance(tokens, list) or not isinstance(likely, list) or len(tokens) != len(likely) or not tokens:
        raise ValueError("the endpoint sent no log-probabilities")
    return list(zip(tokens, likely, strict=True))


def _behind(echoed: list[Logged], context: str, continuation: str) -> list[Logged]:
    """The tokens that together are the continuation."""
    for end in (len(echoed) - 1, len(echoed)):
        if _joined(echoed[:end]).endswith(context + continuation):
            for start in range(end):
                if _joined(echoed[start:end]) == continuation:
                    return echoed[start:end]
    raise ValueError("a token lies over the place where the continuation begins")


def _joined(echoed: list[Logged]) -> str:
    return "".join(token for token, _ in echoed)


def _sum(echoed: list[Logged], count: int = 1) -> float:
    likely = [value for _, value in echoed if value is not None]
    if len(likely) < max(count, len(echoed)):
        raise ValueError("a token of the echo has no log-probability")
    return sum(likely)
