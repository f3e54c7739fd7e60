"""The JSON schemas of the package instructlab-schema, applied with the place of each value."""

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from instructlab.schema import schema_base, schema_versions
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from workbench.taxonomy.findings import Finding
from workbench.taxonomy.qna import Kind
from workbench.taxonomy.quick_jsonschema import Draft202012Validator, ValidationError, extend
from workbench.taxonomy.yaml_file import YamlFile

_NAMES: dict[Kind, str] = {"knowledge": "knowledge", "skill": "compositional_skills"}
_CODES = {
    "additionalProperties": "unknown-key",
    "const": "wrong-version",
    "minItems": "too-few-items",
    "minLength": "empty-text",
    "required": "missing-key",
    "type": "wrong-type",
    "unevaluatedProperties": "unknown-key",
    "uniqueItems": "repeated-item",
}
# From how many items on a list is searched for repetitions by what they hold instead of by comparing all pairs.
_MANY = 50
_TYPES = {"string": "a text", "array": "a list", "object": "keys with values", "integer": "a whole number"}


def newest_version() -> int:
    return int(_versions()[-1])


def check_schema(file: YamlFile, kind: Kind, version: object) -> Iterator[Finding]:
    """Findings for `file.contents`, which is a mapping; `version` is what the file says, cast as upstream casts it."""
    schema = _schema(_NAMES[kind], str(version))
    if schema is None:
        newest = newest_version()
        message = f"there is no version {_shortened(version)} of the format"
        yield file.finding(["version"], "wrong-version", message, hint=f"write version: {newest}")
        return
    if schema.get("deprecated"):
        hint = f"write version: {newest_version()} and what it asks for; workbench taxonomy rules old-version shows how"
        yield file.finding(["version"], "old-version", str(schema.get("description", "no longer supported")), hint=hint)
        return
    for error in _validator(_NAMES[kind], str(version)).iter_errors(file.contents):
        yield from _findings(file, error)


def _findings(file: YamlFile, error: ValidationError) -> Iterator[Finding]:
    keys = list(error.absolute_path)
    instance: Any = error.instance
    code = _CODES.get(str(error.validator), "schema")
    if code == "unknown-key":
        schema: Any = error.schema
        known = [*schema.get("properties", {}), *(["version"] if not keys else [])]
        for name in [name for name in instance if name not in known]:
            hint = f"allowed here: {', '.join(sorted(known))}"
            message = f"the key {_shortened(name)} is not part of the format"
            yield file.finding(keys, code, message, hint=hint, key=str(name))
    elif code == "repeated-item":
        first, second = _repeated(instance)
        yield file.finding([*keys, second], code, f"the same as item {first}", hint="delete one of the two")
    else:
        message, hint = _words(error)
        yield file.finding(keys, code, message, hint=hint)


def _words(error: ValidationError) -> tuple[str, str]:
    value: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "required":
            missing = next((name for name in value if error.message.startswith(repr(name))), "")
            return f"the key {missing!r} is missing", f"add a line with {missing}:"
        case "minItems":
            there = len(instance)
            return f"{there} of at least {value} items", f"add {value - there} more"
        case "minLength":
            return "the text is empty", "write something, or leave the key out where it may be missing"
        case "type":
            hint = "put the value in quotes" if value == "string" and not _is_collection(instance) else ""
            return f"{_shortened(instance)} is not {_TYPES.get(str(value), value)}", hint
        case "const":
            return f"version {_shortened(instance)} is not {value}", f"write version: {value}"
    return error.message[-200:], ""


def _repeated(items: Sequence[Any]) -> tuple[int, int]:
    """The places of the first two items that are the same; the second is 0 where there are none."""
    seen: dict[Hashable, int] = {}
    for place, item in enumerate(items):
        first = seen.setdefault(_content(item), place)
        if first != place:
            return first, place
    return 0, 0


def _content(value: Any) -> Hashable:
    """Equal for what JSON calls equal: `1` and `1.0` are, `1` and `true` are not."""
    if isinstance(value, Mapping):
        return "keys", frozenset((key, _content(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return "list", tuple(_content(item) for item in value)
    if isinstance(value, set):
        return "set", frozenset(value)
    return isinstance(value, bool), value


def _unique_items(validator: Any, wanted: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """The keyword's own check compares all pairs of items, which for thousands takes minutes."""
    if not validator.is_type(instance, "array") or len(instance) < _MANY:
        yield from Draft202012Validator.VALIDATORS["uniqueItems"](validator, wanted, instance, schema) or ()
    elif wanted and _repeated(instance)[1]:
        yield ValidationError("the list has an item twice")


def _is_collection(value: object) -> bool:
    return isinstance(value, list | dict)


def _shortened(value: object) -> str:
    if _is_collection(value):
        return "a list" if isinstance(value, list) else "a group of keys"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@lru_cache(maxsize=1)
def _versions() -> tuple[str, ...]:
    """In their order."""
    return tuple(version.name[1:] for version in schema_versions())


_QuickValidator: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"uniqueItems": _unique_items}
)


@lru_cache(maxsize=16)
def _schema(name: str, version: str) -> Mapping[str, Any] | None:
    file = schema_base().joinpath(f"v{version}", f"{name}.json")
    if version not in _versions() or not file.is_file():
        return None
    schema: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


@lru_cache(maxsize=16)
def _validator(name: str, version: str) -> Draft202012Validator:
    resource = DRAFT202012.create_resource(_schema("version", version) or {})
    registry: Registry[Any] = Registry().with_resource("./version.json", resource).crawl()
    return _QuickValidator(_schema(name, version) or {}, registry=registry)
