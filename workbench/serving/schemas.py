"""Which JSON schemas a server may be asked to keep to: small ones, as a grammar is made of each."""

from typing import Any

_COUNTS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
# A grammar repeats what may come that often; llama.cpp's parser goes as deep as that.
_MOST = 1000
_DEEPEST = 32


def check_schema(schema: Any, depth: int = 0) -> None:
    """ValueError for one that would take too long, or too much memory, to follow."""
    if depth > _DEEPEST:
        raise ValueError(f"the schema is nested more than {_DEEPEST} deep")
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        check_schema(part, depth + 1)
    if isinstance(schema, dict):
        for name in _COUNTS:
            if isinstance(count := schema.get(name), int) and count > _MOST:
                raise ValueError(f"{name} is {count}, and may be {_MOST} here at most")
