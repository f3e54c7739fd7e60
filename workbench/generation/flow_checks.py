"""What must hold of a flow, so that a mistake in it is told before a model is loaded, not after an hour."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, meta

from workbench.errors import FlowError

KINDS = ("knowledge", "freeform", "grounded", "choices", "rewording")
_SHARED = ("task_description", "domain", "document_outline")
_EXAMPLES = ("icl_document", *(f"icl_{part}_{place}" for place in (1, 2, 3) for part in ("query", "response")))
_SEED = ("seed_question", "seed_response", "seed_context")
_PAIR = ("document", "question", "answer")
# The columns that a candidate starts with, and those that its stages have to write.
GIVEN: Mapping[str, tuple[str, ...]] = {
    "knowledge": ("document", *_SHARED, *_EXAMPLES),
    "freeform": (*_SEED, *_SHARED),
    "grounded": (*_SEED, *_SHARED),
    "choices": _PAIR,
    "rewording": _PAIR,
}
WRITTEN: Mapping[str, tuple[str, ...]] = {
    "knowledge": ("question", "answer"),
    "freeform": ("question", "answer"),
    "grounded": _PAIR,
    "choices": ("wrong_answers",),
    "rewording": ("question",),
}
_FLOW_KEYS = ("name", "version", "about", "one_section", "prompts", *KINDS)
_TEXTS = ("name", "prompt", "writes", "parse", "verdict", "grammar", "span_of", "names_of")
_STAGE_KEYS = (*_TEXTS, "keep", "stop", "max_tokens", "temperature", "top_p")


def check_flow(where: str, data: Any) -> None:
    """FlowError unless it is a mapping of prompts and lists of stages."""
    if not isinstance(data, dict):
        raise FlowError(f"{where}: a flow is a mapping", hint=f"its keys are {', '.join(_FLOW_KEYS)}")
    _refuse_unknown(where, data, _FLOW_KEYS)
    prompts = data.get("prompts")
    if not isinstance(prompts, dict) or not all(isinstance(text, str) for text in prompts.values()):
        raise FlowError(f"{where}: `prompts` is no mapping of names to texts", hint='write prompts: {ask: "..."}')
    if not isinstance(data.get("one_section", False), bool):
        raise FlowError(f"{where}: `one_section` is neither true nor false")
    kinds = [kind for kind in KINDS if kind in data]
    if not kinds:
        raise FlowError(f"{where}: it has no stages", hint=f"it needs a list of stages for one of {', '.join(KINDS)}")
    for kind in kinds:
        if not isinstance(data[kind], list) or not data[kind]:
            raise FlowError(f"{where}: `{kind}` is no list of stages")


def check_stage(where: str, entry: Any, prompts: Mapping[str, str]) -> None:
    """FlowError for a stage with an unknown key, a wrong type, a missing prompt or a pattern that cannot work."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise FlowError(f"{where}: a stage is a mapping with a name")
    place = f"{where} ({entry['name']})"
    _refuse_unknown(place, entry, _STAGE_KEYS)
    if entry.get("prompt") not in prompts:
        raise FlowError(f"{place}: there is no prompt {entry.get('prompt')!r}", hint=f"prompts: {', '.join(prompts)}")
    for problem, hint in _problems(entry):
        raise FlowError(f"{place}: {problem}", hint=hint)
    for what, text in (("prompt", prompts[entry["prompt"]]), *(("`keep`", kept) for kept in entry.get("keep", ()))):
        try:
            Environment().parse(text)
        except TemplateSyntaxError as error:
            raise FlowError(f"{place}: its {what} is no template: line {error.lineno}: {error.message}") from error


def check_columns(where: str, kind: str, entries: Sequence[Mapping[str, Any]], prompts: Mapping[str, str]) -> None:
    """FlowError for a stage that needs a column before it is written, or stages that leave out what a sample is."""
    names = [entry["name"] for entry in entries]
    if twice := {name for name in names if names.count(name) > 1}:
        raise FlowError(f"{where}: two stages are called {', '.join(sorted(twice))}")
    known, written = set(GIVEN[kind]), set[str]()
    for entry in entries:
        texts = " ".join((prompts[entry["prompt"]], *entry.get("keep", ())))
        needed = meta.find_undeclared_variables(Environment().parse(texts))
        needed |= {entry[key] for key in ("span_of", "names_of") if entry.get(key)}
        if missing := needed - known - written:
            hint = f"there are {', '.join(sorted(known | written))}"
            raise FlowError(f"{where}: stage {entry['name']} needs the column {', '.join(sorted(missing))}", hint=hint)
        written |= _columns_of(entry)
    if left_out := [column for column in WRITTEN[kind] if column not in written]:
        raise FlowError(f"{where}: no stage writes {', '.join(left_out)}")


def _columns_of(entry: Mapping[str, Any]) -> set[str]:
    named = set(re.compile(entry.get("parse", "")).groupindex)
    return named | ({entry["writes"]} if entry.get("writes") else set())


def _problems(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield from ((f"`{key}` is no text", "") for key in _TEXTS if not isinstance(entry.get(key, ""), str))
    yield from _number_problems(entry)
    yield from _list_problems(entry)
    ways = [key for key in ("writes", "parse", "verdict") if entry.get(key)]
    if len(ways) != 1:
        said = " and ".join(ways) or "neither writes a column nor judges"
        yield f"it has {said}" if ways else f"it {said}", "give it one of `writes`, `parse` and `verdict`"
    if bool(entry.get("verdict")) != bool(entry.get("keep")):
        yield "`verdict` and `keep` go together", "`keep` lists the verdicts with which a sample stays"
    held = [f"`{key}`" for key in ("grammar", "span_of", "names_of") if entry.get(key)]
    if len(held) > 1:
        yield f"it has {' and '.join(held)}", "give it one of them"
    yield from _pattern_problems(entry)


def _number_problems(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    tokens = entry.get("max_tokens", 1)
    if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1:
        yield f"`max_tokens` is {tokens!r}", "it is a whole number from 1"
    for key, low, high in (("temperature", 0.0, 5.0), ("top_p", 0.0, 1.0)):
        value = entry.get(key, low)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            yield f"`{key}` is {value!r}", f"it is a number from {low:g} to {high:g}"


def _list_problems(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for key in ("keep", "stop"):
        values = entry.get(key, [])
        if not isinstance(values, list):
            yield f"`{key}` is no list", f'write {key}: ["..."]'
        elif wrong := [value for value in values if not isinstance(value, str)]:
            # YAML reads YES, NO, ON and OFF as truth values, which no answer of a model is.
            yield f"`{key}` holds {wrong[0]!r}, which is no text", f'put it into quotes: {key}: ["YES"]'


def _pattern_problems(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for key in ("verdict", "parse"):
        try:
            pattern = re.compile(entry.get(key, ""))
        except re.error as error:
            yield f"`{key}` is no regular expression: {error}", ""
            continue
        if key == "verdict" and entry.get(key) and not pattern.groups:
            yield "`verdict` has no group", "put what `keep` lists into brackets: (YES|NO)"
        if key == "parse" and entry.get(key) and not pattern.groupindex:
            yield "`parse` has no named group", "name the columns: (?P<question>...)"


def _refuse_unknown(where: str, entry: Mapping[Any, Any], known: Sequence[str]) -> None:
    for key in entry:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise FlowError(f"{where}: there is no key `{key}`", hint=hint)
