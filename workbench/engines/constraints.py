"""How an endpoint is told to keep to a grammar or a JSON schema: tried out, since many take such a field and ignore it.

Fields: `grammar` (llama-server, llama_cpp.server), `structured_outputs` (vLLM from 0.12), `guided_grammar` and
`guided_json` (vLLM before), `response_format` with json_schema (OpenAI, vLLM, llama-server, Ollama) or with json_object
and a schema (llama_cpp.server), `json_schema` (llama-server's plain completions).
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from workbench.engines.connection import RefusedError
from workbench.messages import user

Kind = Literal["grammar", "schema"]
KINDS: tuple[Kind, ...] = ("grammar", "schema")
Way = Callable[[str], dict[str, Any]]
# The fields of a request, and whether it carries messages rather than a prompt; comes back with the text.
Ask = Callable[[Mapping[str, Any], bool], Awaitable[str]]

_WORD = "quvix"
_TRIAL: Mapping[Kind, str] = {
    "grammar": f'root ::= "{_WORD}"',
    "schema": json.dumps(
        {
            "type": "object",
            "properties": {"word": {"type": "string", "enum": [_WORD]}},
            "required": ["word"],
            "additionalProperties": False,
        }
    ),
}
_PROMPT = "Name a colour."


def _described(schema: str) -> dict[str, Any]:
    return {"name": "answer", "schema": json.loads(schema), "strict": True}


_WAYS: Mapping[Kind, tuple[Way, ...]] = {
    "grammar": (
        lambda grammar: {"grammar": grammar},
        lambda grammar: {"structured_outputs": {"grammar": grammar}},
        lambda grammar: {"guided_grammar": grammar},
    ),
    "schema": (
        lambda schema: {"response_format": {"type": "json_schema", "json_schema": _described(schema)}},
        lambda schema: {"response_format": {"type": "json_object", "schema": json.loads(schema)}},
        lambda schema: {"structured_outputs": {"json": json.loads(schema)}},
        lambda schema: {"guided_json": json.loads(schema)},
        lambda schema: {"json_schema": json.loads(schema)},
    ),
}


class Constraints:
    """The ways that an endpoint was seen to keep to, found when first needed."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._found: dict[tuple[Kind, bool], Way | None] = {}

    async def way(self, kind: Kind, *, chat: bool) -> Way | None:
        """The first way by which a trial came out as it must, or None; a lost line is an error, not a None."""
        if (kind, chat) not in self._found:
            self._found[kind, chat] = await self._first(kind, chat)
        return self._found[kind, chat]

    async def _first(self, kind: Kind, chat: bool) -> Way | None:
        for way in _WAYS[kind]:
            if await self._works(kind, way, chat):
                return way
        return None

    async def _works(self, kind: Kind, way: Way, chat: bool) -> bool:
        asked = {"messages": [user(_PROMPT)]} if chat else {"prompt": _PROMPT}
        try:
            text = await self._ask(asked | way(_TRIAL[kind]), chat)
        except RefusedError:
            return False
        return _kept(kind, text)


def _kept(kind: Kind, text: str) -> bool:
    if kind == "grammar":
        return text.strip() == _WORD
    try:
        return bool(json.loads(text) == {"word": _WORD})
    except ValueError:
        return False
