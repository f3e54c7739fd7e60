"""Log-probabilities as endpoints write them: of chats (`content`), and of plain completions (`tokens`)."""

import math
from collections.abc import Mapping
from typing import Any

from workbench.engines.engine import Logprob


def wish(count: int, *, chat: bool) -> dict[str, Any]:
    """The fields of a request that ask for them, and for the `count` likeliest beside each."""
    return {"logprobs": True, "top_logprobs": count} if chat else {"logprobs": count}


def logged(choice: Mapping[str, Any], count: int) -> tuple[Logprob, ...]:
    """Those of a choice, each with the `count` likeliest; none where the endpoint sent none."""
    told = choice.get("logprobs")
    if not isinstance(told, dict):
        return ()
    if isinstance(content := told.get("content"), list):
        return tuple(_of_chat(each, count) for each in content)
    tokens, values = told.get("tokens") or [], told.get("token_logprobs") or []
    tops = told.get("top_logprobs") or [None] * len(tokens)
    return tuple(
        Logprob(str(token).encode(), _number(value), _likeliest((top or {}).items(), count))
        for token, value, top in zip(tokens, values, tops, strict=False)
    )


def _of_chat(told: Mapping[str, Any], count: int) -> Logprob:
    others = [(_bytes(each), each.get("logprob")) for each in told.get("top_logprobs") or []]
    return Logprob(_bytes(told), _number(told.get("logprob")), _likeliest(others, count))


def _bytes(told: Mapping[str, Any]) -> bytes:
    spelled = told.get("bytes")
    return bytes(spelled) if isinstance(spelled, list) else str(told.get("token", "")).encode()


def _likeliest(others: Any, count: int) -> tuple[tuple[bytes, float], ...]:
    found = [(piece if isinstance(piece, bytes) else str(piece).encode(), _number(value)) for piece, value in others]
    known = sorted(((piece, value) for piece, value in found if value is not None), key=lambda each: -each[1])
    return tuple(known[:count])


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not math.isnan(value) else None
