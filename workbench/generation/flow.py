"""Flows: what is asked of teacher and critic, stage by stage, as data in YAML.

A flow file holds `name`, `version: 1`, `about`, `one_section` (whether a chunk keeps to one section of its document),
`prompts` (named Jinja texts, whose variables are columns of a row), `auxiliary` (see below) and a list of stages for
each kind of leaf: `knowledge`, `freeform`, `grounded`. Two more kinds make questions of held-out samples: `rewording`
and `choices`. A row begins with the columns of its source: `document`, `document_outline`, `domain`, `icl_document`,
`icl_query_1` to `3` and `icl_response_1` to `3` for a chunk, `seed_question`, `seed_response`, `seed_context` and
`task_description` for a seed example, `leaf_node_type` and `leaf_node_path` for both. Behind the last stage a row has
to have `question` and `answer`, in grounded leaves also `document`.

Each stage has a `name` and does one thing. It asks a model with

    prompt: NAME                     or {prompt_by: {column: C, prompts: {value of C: NAME}}}, or messages: COLUMN
    wrap: TEXT                       the prompt in a template of its own, as {{ prompt }}, not in that of the model
    max_tokens, temperature, top_p, stop, grammar (GBNF)
    fit: true                        max_tokens is lowered to what the context leaves beside the prompt
    repeat_temperature: 0.7          the least temperature once a source comes round again
    once: true                       asked once for a source; all its rows share the answer
    samples: 3                       three rows, each asked for itself with a seed of its own
    span_of, names_of: COLUMN        the answer is a run of that column's words; a question keeps to its names
    sets: {column: value}            columns that the prompt needs and no row has yet

and reads the answer with one of

    writes: COLUMN                   all of it
    parse: PATTERN                   named groups as columns, or numbered ones as the columns of `into: [..]`
    takes: {COLUMN: PATTERN}         the first group of each pattern
    verdict: PATTERN, keep: [..]     the critic: the row stays where the first group is one of `keep`

`many: 5` makes a row of each match of `parse` or `takes`; 5 is how many are expected. `cleans: [..]` are texts taken
out of what is read, `types: {COLUMN: float}` (text, float, int, bool) is what it must be. `critic: true` lets the
critic answer although the stage writes: a judgement that cannot be read is asked for again once, warmer and with
another seed, and then counted as failed, not as rejected. Other stages ask nobody:

    filter: {column: C, test: at_least, values: [2], type: float, fallback: 0}
                                     equal, unequal, above, at_least, below, at_most or contains, for one of the values
    distinct: [COLUMN]               a row is rejected that has in them what an earlier one of the leaf had
    majority: COLUMN                 the most frequent value among the rows of one candidate
    combine: {columns: [..], separator: TEXT, into: C}
    copy, rename: {OLD: NEW}
    rows_of: {columns: [..], value: C, name: C}      a row for each of these columns
    choose: {by: C, choices: {value of C: COLUMN}, into: C}
    fill: {by: C, entries: {value of C: {COLUMN: TEXT}}}
    split: {column: C, pattern: PATTERN}             named groups as columns
    sentence: {of: C, into: D}       a sentence of that text, the next one each time that the source comes round

`drops: [..]` removes columns behind any stage. `auxiliary: {value of dataset_type: [instruction, ..]}` says how rows
of such a type are asked for when training data are mixed. Copy a file of the package, change it, and give its path as
`--pipeline`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from workbench.errors import FlowError
from workbench.generation.flow_checks import KINDS, check_columns, check_flow
from workbench.generation.sdg_pipelines import is_pipeline, translate
from workbench.generation.stage_checks import check_stage
from workbench.generation.stages import Stage, read_stage

__all__ = ["Flow", "Stage", "flow_names", "load_flow", "read_flow"]


@dataclass(frozen=True)
class Flow:
    """A flow: stages by the kind of leaf, and how documents are cut for it. `source` is its YAML."""

    name: str
    about: str
    one_section: bool
    stages: Mapping[str, tuple[Stage, ...]]
    source: str
    auxiliary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def for_kind(self, kind: str) -> tuple[Stage, ...]:
        """The stages for `knowledge`, `freeform` or `grounded` leaves; FlowError where there are none."""
        if kind not in self.stages:
            hint = f"it has stages for {', '.join(self.stages)}"
            raise FlowError(f"the flow {self.name} has no stages for {kind} leaves", hint=hint)
        return self.stages[kind]

    def outline(self, kind: str) -> list[dict[str, Any]]:
        """What a diagram shows of the stages of a kind, in their order."""
        return [stage.outline() for stage in self.for_kind(kind)]


def flow_names() -> list[str]:
    """The flows that come with the package."""
    folder = resources.files("workbench.generation").joinpath("flows")
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_flow(name_or_path: str) -> Flow:
    """A flow of the package by name, or of the user by path: to its YAML, to a pipeline file of instructlab/sdg, or to
    a folder of such files. FlowError where there is none."""
    path = Path(name_or_path).expanduser()
    if path.suffix in (".yaml", ".yml") or path.is_dir():
        return _own_flow(path)
    if name_or_path not in flow_names():
        own = "one of your own is a .yaml file, or a folder of pipeline files"
        hint = f"flows of the package are {', '.join(flow_names())}; {own}"
        raise FlowError(f"there is no flow {name_or_path!r}", hint=hint)
    return read_flow(_packaged(name_or_path), f"{name_or_path}.yaml")


def _own_flow(path: Path) -> Flow:
    if not path.is_dir():
        text = _text(path)
        if not is_pipeline(_yaml(text, str(path))):
            return read_flow(text, str(path))
    data = translate(path)
    for kind in ("rewording", "choices"):
        data[kind] = _package("full")[kind]
        named = {entry["prompt"]: _package("full")["prompts"][entry["prompt"]] for entry in data[kind]}
        data["prompts"] = named | data["prompts"]
    return read_flow(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120), str(path))


def read_flow(text: str, where: str) -> Flow:
    """The flow that a YAML text describes; FlowError says what is wrong in it, before any model is loaded."""
    data = _yaml(text, where)
    check_flow(where, data)
    name = str(data.get("name", where))
    stages = {kind: _stages(kind, data, where, name) for kind in KINDS if kind in data}
    auxiliary = {kind: tuple(texts) for kind, texts in data.get("auxiliary", {}).items()}
    return Flow(name, str(data.get("about", "")), data.get("one_section", False), stages, text, auxiliary)


def _packaged(name: str) -> str:
    return resources.files("workbench.generation").joinpath("flows", f"{name}.yaml").read_text("utf-8")


@cache
def _package(name: str) -> Mapping[str, Any]:
    data: Mapping[str, Any] = yaml.safe_load(_packaged(name))
    return data


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        hint = f"flows of the package are {', '.join(flow_names())}"
        raise FlowError(f"{path}: no flow can be read from it: {error}", hint=hint) from error


def _yaml(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        raise FlowError(f"{place}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise FlowError(f"{where}: not YAML: {error}") from error


def _stages(kind: str, data: Mapping[str, Any], where: str, flow: str) -> tuple[Stage, ...]:
    for number, entry in enumerate(data[kind], start=1):
        check_stage(f"{where}: {kind} stage {number}", entry, data["prompts"])
    stages = tuple(read_stage(entry, data["prompts"], flow) for entry in data[kind])
    check_columns(f"{where}: {kind}", kind, stages)
    return stages
