"""What must hold of a flow, so that a mistake in it is told before a model is loaded, not after an hour."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, meta

from workbench.errors import FlowError
from workbench.generation.answers import columns_of
from workbench.generation.changes import RowsOf
from workbench.generation.stages import Stage

KINDS = ("knowledge", "freeform", "grounded", "choices", "rewording")
_SHARED = ("task_description", "domain", "document_outline")
_EXAMPLES = ("icl_document", *(f"icl_{part}_{place}" for place in (1, 2, 3) for part in ("query", "response")))
_SEED = ("seed_question", "seed_response", "seed_context")
_PAIR = ("document", "question", "answer")
# The columns that a candidate starts with, those that tell of its leaf, and those that its stages have to write.
GIVEN: Mapping[str, tuple[str, ...]] = {
    "knowledge": ("document", *_SHARED, *_EXAMPLES),
    "freeform": (*_SEED, *_SHARED),
    "grounded": (*_SEED, *_SHARED),
    "choices": _PAIR,
    "rewording": _PAIR,
}
OF_THE_LEAF = ("leaf_node_type", "leaf_node_path")
WRITTEN: Mapping[str, tuple[str, ...]] = {
    "knowledge": ("question", "answer"),
    "freeform": ("question", "answer"),
    "grounded": _PAIR,
    "choices": ("wrong_answers",),
    "rewording": ("question",),
}
_ONE_ROW = ("choices", "rewording")
_FLOW_KEYS = ("name", "version", "about", "one_section", "prompts", "auxiliary", *KINDS)


def check_flow(where: str, data: Any) -> None:
    """FlowError unless it is a mapping of prompts and lists of stages."""
    if not isinstance(data, dict):
        raise FlowError(f"{where}: a flow is a mapping", hint=f"its keys are {', '.join(_FLOW_KEYS)}")
    refuse_unknown(where, data, _FLOW_KEYS)
    prompts = data.get("prompts")
    if not isinstance(prompts, dict) or not all(isinstance(text, str) for text in prompts.values()):
        raise FlowError(f"{where}: `prompts` is no mapping of names to texts", hint='write prompts: {ask: "..."}')
    if not isinstance(data.get("one_section", False), bool):
        raise FlowError(f"{where}: `one_section` is neither true nor false")
    if data.get("version", 1) != 1:
        raise FlowError(f"{where}: `version` is {data['version']!r}", hint="flows of this workbench are of version 1")
    _check_auxiliary(where, data.get("auxiliary", {}))
    kinds = [kind for kind in KINDS if kind in data]
    if not kinds:
        raise FlowError(f"{where}: it has no stages", hint=f"it needs a list of stages for one of {', '.join(KINDS)}")
    for kind in kinds:
        if not isinstance(data[kind], list) or not data[kind]:
            raise FlowError(f"{where}: `{kind}` is no list of stages")


def check_columns(where: str, kind: str, stages: Sequence[Stage]) -> None:
    """FlowError for a stage that needs a column before it is written, or stages that leave out what a sample is."""
    names = [stage.name for stage in stages]
    if twice := {name for name in names if names.count(name) > 1}:
        raise FlowError(f"{where}: two stages are called {', '.join(sorted(twice))}")
    _check_order(where, kind, stages)
    known = {*GIVEN[kind], *(OF_THE_LEAF if kind not in _ONE_ROW else ())}
    shared, written = set(known), set[str]()
    for stage in stages:
        if missing := needed(stage) - known:
            hint = f"there are {', '.join(sorted(known))}"
            raise FlowError(f"{where}: stage {stage.name} needs the column {', '.join(sorted(missing))}", hint=hint)
        if stage.once and (own := needed(stage) - shared):
            hint = "it may name columns of the source, and what other such stages write"
            raise FlowError(f"{where}: stage {stage.name} is asked once, but sees {', '.join(sorted(own))}", hint=hint)
        shared = shared_after(stage, shared)
        known = after(stage, known)
        written = (written | made(stage)) & known
    if left_out := [column for column in WRITTEN[kind] if column not in written]:
        raise FlowError(f"{where}: no stage writes {', '.join(left_out)}")


def needed(stage: Stage) -> set[str]:
    """The columns that a row must have when it comes to a stage."""
    if stage.change:
        return set(stage.change.needs)
    if not stage.asks:
        return {
            *stage.distinct,
            *([stage.majority] if stage.majority else [stage.filter.column] if stage.filter else []),
        }
    texts = " ".join((stage.prompt, *stage.prompts.values(), stage.wrap, *stage.keep))
    found: set[str] = meta.find_undeclared_variables(Environment().parse(texts))
    found -= {"prompt"} if stage.wrap else set()
    return (found | {name for name in (stage.span_of, stage.names_of, stage.prompt_by, stage.messages) if name}) - {
        *stage.sets
    }


def made(stage: Stage) -> set[str]:
    """The columns that a stage adds or writes anew."""
    if stage.change:
        return set(stage.change.writes)
    return {*stage.sets, *(columns_of(stage) if stage.asks and not stage.verdict else ())}


def after(stage: Stage, known: set[str]) -> set[str]:
    """The columns that a row has behind a stage, of those that it had before."""
    removed = set(stage.change.removes) if stage.change else set()
    return ((known - removed) | made(stage)) - {*stage.drops}


def shared_after(stage: Stage, shared: set[str]) -> set[str]:
    """The columns behind a stage that all rows of a source have in common, of those that were so before it."""
    if stage.asks and not stage.once:
        return shared - made(stage)
    return shared | made(stage) if needed(stage) <= shared and not stage.majority else shared - made(stage)


def refuse_unknown(where: str, entry: Mapping[Any, Any], known: Sequence[str]) -> None:
    """FlowError for a key that is not known, with the nearest one that is."""
    for key in entry:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise FlowError(f"{where}: there is no key `{key}`", hint=hint)


def _check_auxiliary(where: str, given: Any) -> None:
    whole = isinstance(given, dict) and all(isinstance(texts, list) and texts for texts in given.values())
    if not whole or not all(isinstance(text, str) for texts in given.values() for text in texts):
        raise FlowError(f"{where}: `auxiliary` maps types of rows to lists of instructions")


def _check_order(where: str, kind: str, stages: Sequence[Stage]) -> None:
    """Held-out questions stay one row each; what is split after a comparison is not counted for a majority."""
    splits = [bool(stage.many or stage.samples > 1 or isinstance(stage.change, RowsOf)) for stage in stages]
    compared = [bool(stage.distinct) for stage in stages]
    for number, stage in enumerate(stages):
        if kind in _ONE_ROW and (splits[number] or compared[number] or stage.majority or not stages[0].asks):
            hint = "these stages begin with a request and keep one row"
            raise FlowError(f"{where}: stage {stage.name} cannot be used for {kind}", hint=hint)
        if stage.majority and any(compared[first] and any(splits[first:number]) for first in range(number)):
            hint = "put `distinct` behind `majority`, or rows are made of one row between them"
            raise FlowError(f"{where}: stage {stage.name} comes after `distinct` and rows made since", hint=hint)
