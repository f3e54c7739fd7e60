"""The JSON schemas of the package instructlab-schema, applied with the place of each value."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from instructlab.schema import schema_base, schema_versions
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from workbench.taxonomy.findings import Finding
from workbench.taxonomy.qna import Kind
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
_TYPES = {"string": "a text", "array": "a list", "object": "keys with values", "integer": "a whole number"}


def newest_version() -> int:
    return int(schema_versions()[-1].name[1:])


def check_schema(file: YamlFile, kind: Kind, version: object) -> Iterator[Finding]:
    """Findings for `file.contents`, which is a mapping; `version` is what the file says, cast as upstream casts it."""
    schema = _schema(_NAMES[kind], str(version))
    if schema is None:
        newest = newest_version()
        message = f"there is no version {version} of the format"
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
            yield file.finding(keys, code, f"the key {name!r} is not part of the format", hint=hint, key=str(name))
    elif code == "repeated-item":
        place = _second_of_a_kind(instance)
        yield file.finding([*keys, place], code, f"the same as item {instance.index(instance[place])}")
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


def _second_of_a_kind(items: list[Any]) -> int:
    return next((place for place, item in enumerate(items) if item in items[:place]), 0)


def _is_collection(value: object) -> bool:
    return isinstance(value, list | dict)


def _shortened(value: object) -> str:
    if _is_collection(value):
        return "a list" if isinstance(value, list) else "a group of keys"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@lru_cache(maxsize=16)
def _schema(name: str, version: str) -> Mapping[str, Any] | None:
    file = schema_base().joinpath(f"v{version}", f"{name}.json")
    if not version.isdigit() or not file.is_file():
        return None
    schema: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


@lru_cache(maxsize=16)
def _validator(name: str, version: str) -> Draft202012Validator:
    def retrieve(uri: str) -> Resource[Any]:
        return DRAFT202012.create_resource(_schema(uri.removesuffix(".json").removeprefix("./"), version) or {})

    registry: Registry[Any] = Registry(retrieve=retrieve)  # type: ignore[call-arg]
    return Draft202012Validator(_schema(name, version) or {}, registry=registry)
