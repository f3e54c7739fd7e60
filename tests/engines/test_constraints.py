import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from workbench.engines.connection import RefusedError
from workbench.engines.constraints import Constraints, Kind
from workbench.errors import EndpointError, EngineError


class Server:
    """Keeps to a grammar or a schema under one field, and ignores or refuses all others."""

    def __init__(self, field: str, *, strict: bool = False, shape: str = "") -> None:
        self.field, self.strict, self.shape = field, strict, shape
        self.asked: list[Mapping[str, Any]] = []

    async def answer(self, fields: Mapping[str, Any], chat: bool) -> str:
        self.asked.append(fields)
        assert ("messages" in fields) is chat
        given = fields.get(self.field)
        if given is not None and (not self.shape or self.shape in json.dumps(given)):
            return '{ "word" : "quvix" }' if "word" in json.dumps(given) else "quvix"
        if self.strict:
            raise RefusedError(EngineError("unknown field"))
        return "Blue."


@pytest.mark.parametrize(
    ("kind", "field", "shape"),
    [
        ("grammar", "grammar", ""),
        ("grammar", "structured_outputs", '"grammar"'),
        ("grammar", "guided_grammar", ""),
        ("schema", "response_format", '"json_schema"'),
        ("schema", "response_format", '"json_object"'),
        ("schema", "structured_outputs", '"json"'),
        ("schema", "guided_json", ""),
        ("schema", "json_schema", ""),
    ],
)
@pytest.mark.parametrize("strict", [False, True])
def test_the_way_that_works_is_found(kind: Kind, field: str, shape: str, strict: bool) -> None:
    server = Server(field, strict=strict, shape=shape)
    constraints = Constraints(server.answer)
    way = asyncio.run(constraints.way(kind, chat=True))
    assert way
    assert field in way('{"type": "object"}')
    tried = len(server.asked)
    asyncio.run(constraints.way(kind, chat=True))
    assert len(server.asked) == tried


@pytest.mark.parametrize("strict", [False, True])
def test_a_field_that_is_taken_and_ignored_is_no_way(strict: bool) -> None:
    constraints = Constraints(Server("none", strict=strict).answer)
    assert asyncio.run(constraints.way("grammar", chat=True)) is None
    assert asyncio.run(constraints.way("schema", chat=False)) is None


def test_a_lost_line_is_no_finding() -> None:
    async def lost(fields: Mapping[str, Any], chat: bool) -> str:
        raise EndpointError("lost")

    with pytest.raises(EndpointError):
        asyncio.run(Constraints(lost).way("grammar", chat=True))
