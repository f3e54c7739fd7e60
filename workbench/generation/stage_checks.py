"""What must hold of a stage, so that a mistake in it is told before a model is loaded, not after an hour."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import Environment, TemplateSyntaxError

from workbench.errors import FlowError
from workbench.generation.changes import CHANGES, read_change
from workbench.generation.filters import TYPES, read_filter
from workbench.generation.flow_checks import refuse_unknown

_ASKING = ("prompt", "prompt_by", "messages")
_READING = ("writes", "parse", "takes", "verdict")
_OTHER = ("filter", "distinct", "majority", *CHANGES)
_TEXTS = (
    *("name", "prompt", "messages", "wrap", "writes", "parse", "verdict", "grammar", "span_of", "names_of"),
    "majority",
)
_LISTS = ("keep", "stop", "into", "cleans", "drops", "distinct")
_FLAGS = ("critic", "once", "fit")
_COUNTS = ("max_tokens", "many", "samples")
_NUMBERS = ("temperature", "repeat_temperature", "top_p")
_KEYS = (*_TEXTS, *_LISTS, *_FLAGS, *_COUNTS, *_NUMBERS, "prompt_by", "takes", "types", "sets", "filter", *CHANGES)
_FOR_ALL = ("name", "drops", "samples")


def check_stage(where: str, entry: Any, prompts: Mapping[str, str]) -> None:
    """FlowError for a stage with an unknown key, a wrong type, a missing prompt or a pattern that cannot work."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise FlowError(f"{where}: a stage is a mapping with a name")
    place = f"{where} ({entry['name']})"
    refuse_unknown(place, entry, _KEYS)
    problems = _asking_problems(entry, prompts) if _asks(entry) else _other_problems(entry)
    for problem, hint in (*_form_problems(entry), *problems):
        raise FlowError(f"{place}: {problem}", hint=hint)
    named = [("prompt", prompts[name]) for name in _prompt_names(entry)]
    for what, text in (
        *named,
        ("`wrap`", entry.get("wrap", "")),
        *(("`keep`", kept) for kept in entry.get("keep", ())),
    ):
        try:
            Environment().parse(text)
        except TemplateSyntaxError as error:
            raise FlowError(f"{place}: its {what} is no template: line {error.lineno}: {error.message}") from error


def _asks(entry: Mapping[str, Any]) -> bool:
    return any(key in entry for key in (*_ASKING, *_READING)) or not any(key in entry for key in _OTHER)


def _prompt_names(entry: Mapping[str, Any]) -> list[Any]:
    return [entry["prompt"]] if "prompt" in entry else list(entry.get("prompt_by", {}).get("prompts", {}).values())


def _asking_problems(entry: Mapping[str, Any], prompts: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    hint = f"prompts: {', '.join(prompts)}"
    ways = [key for key in _ASKING if key in entry]
    if len(ways) > 1:
        yield f"it has {' and '.join(ways)}", "give it one of them"
    elif not ways:
        yield "there is no prompt None", hint
    yield from _choice_problems(entry)
    yield from ((f"there is no prompt {name!r}", hint) for name in _prompt_names(entry) if name not in prompts)
    others = [key for key in _OTHER if key in entry]
    if others:
        yield f"it asks a model and has `{others[0]}`", "make two stages of it"
    yield from _reading_problems(entry)
    yield from _pattern_problems(entry)


def _choice_problems(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    by = entry.get("prompt_by")
    if by is None:
        return
    whole = isinstance(by, dict) and isinstance(by.get("column"), str) and isinstance(by.get("prompts"), dict)
    if not whole or not by["prompts"] or set(by) != {"column", "prompts"}:
        yield "`prompt_by` is no mapping of `column` and `prompts`", "prompt_by: {column: task, prompts: {poem: write}}"
    elif not all(isinstance(value, str) for value in by["prompts"]):
        yield "`prompt_by` has a value that is no text", 'put it into quotes: "1"'


def _reading_problems(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    ways = [key for key in _READING if entry.get(key)]
    if len(ways) != 1:
        said = " and ".join(ways) or "neither writes a column nor judges"
        yield f"it has {said}" if ways else f"it {said}", "give it one of `writes`, `parse`, `takes` and `verdict`"
    if bool(entry.get("verdict")) != bool(entry.get("keep")):
        yield "`verdict` and `keep` go together", "`keep` lists the verdicts with which a sample stays"
    held = [f"`{key}`" for key in ("grammar", "span_of", "names_of") if entry.get(key)]
    if len(held) > 1:
        yield f"it has {' and '.join(held)}", "give it one of them"
    if entry.get("many") and not (entry.get("parse") or entry.get("takes")):
        yield "`many` needs `parse` or `takes`", "a row is made of each match"
    if entry.get("many") and (entry.get("critic") or entry.get("once")):
        yield "`many` goes with neither `critic` nor `once`", ""
    if entry.get("samples", 1) != 1 and not entry.get("temperature"):
        yield "`samples` need a temperature", "without one all of them are the same"


def _other_problems(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    ways = [key for key in _OTHER if key in entry]
    if len(ways) != 1:
        yield f"it has {' and '.join(ways)}", "make a stage of each"
    strange = [key for key in entry if key not in (*_FOR_ALL, *ways)]
    if strange:
        yield f"`{ways[0]}` asks no model, so that `{strange[0]}` means nothing", ""
    for key in ("distinct", "majority"):
        if key in entry and not entry[key]:
            yield f"`{key}` names no column", ""
    try:
        if ways[0] == "filter":
            read_filter(entry["filter"])
        elif ways[0] in CHANGES:
            read_change(ways[0], entry[ways[0]])
    except ValueError as error:
        yield str(error), ""


def _form_problems(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield from ((f"`{key}` is no text", "") for key in _TEXTS if not isinstance(entry.get(key, ""), str))
    yield from (
        (f"`{key}` is neither true nor false", "") for key in _FLAGS if not isinstance(entry.get(key, False), bool)
    )
    yield from _number_problems(entry)
    yield from _list_problems(entry)
    for key in ("takes", "types", "sets"):
        given = entry.get(key, {})
        if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
            yield f"`{key}` is no mapping of columns", f"{key}: {{column: ...}}"
        elif key == "takes" and not all(isinstance(pattern, str) for pattern in given.values()):
            yield "`takes` maps columns to patterns", ""
        elif key == "types" and (wrong := [kind for kind in given.values() if kind not in TYPES]):
            yield f"`types` has {wrong[0]!r}", f"there are {', '.join(TYPES)}"


def _number_problems(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for key in _COUNTS:
        count = entry.get(key, 1)
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            yield f"`{key}` is {count!r}", "it is a whole number from 1"
    for key in _NUMBERS:
        low, high = 0.0, 1.0 if key == "top_p" else 5.0
        value = entry.get(key, low)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            yield f"`{key}` is {value!r}", f"it is a number from {low:g} to {high:g}"


def _list_problems(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for key in _LISTS:
        values = entry.get(key, [])
        if not isinstance(values, list):
            yield f"`{key}` is no list", f'write {key}: ["..."]'
        elif wrong := [value for value in values if not isinstance(value, str)]:
            # YAML reads YES, NO, ON and OFF as truth values, which no answer of a model is.
            yield f"`{key}` holds {wrong[0]!r}, which is no text", f'put it into quotes: {key}: ["YES"]'


def _pattern_problems(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    patterns = {key: entry[key] for key in ("verdict", "parse") if isinstance(entry.get(key), str)}
    taken = entry.get("takes")
    patterns |= {f"takes: {name}": text for name, text in taken.items()} if isinstance(taken, dict) else {}
    for key, text in patterns.items():
        try:
            pattern = re.compile(str(text))
        except re.error as error:
            yield f"`{key}` is no regular expression: {error}", ""
            continue
        if key == "verdict" and text and not pattern.groups:
            yield "`verdict` has no group", "put what `keep` lists into brackets: (YES|NO)"
        if key == "parse" and text and not (pattern.groupindex or entry.get("into")):
            yield "`parse` has no named group", "name the columns: (?P<question>...)"
        if key == "parse" and entry.get("into") and len(entry["into"]) > max(1, pattern.groups):
            yield f"`into` names {len(entry['into'])} columns for {pattern.groups} groups", ""
        if key.startswith("takes") and pattern.groups != 1:
            yield f"`{key}` has {pattern.groups} groups", "it needs one, around what is taken"
