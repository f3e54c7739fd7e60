"""Flows: what is asked of the teacher and critic, stage by stage, as data in YAML."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from workbench.engines.engine import Sampling
from workbench.errors import FlowError
from workbench.generation.flow_checks import KINDS, check_columns, check_flow, check_stage

_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)


@dataclass(frozen=True)
class Stage:
    """One request to a model and what is done with its answer.

    `writes` names the column that the answer becomes (`parse` takes named groups of a pattern instead); without it the
    stage judges: the first group of `verdict` must be one of `keep`, whose texts may name columns as prompts do.
    `span_of` names the column whose words the answer is held to, `names_of` the one whose names a question is held to.
    """

    name: str
    prompt: str
    sampling: Sampling
    writes: str = ""
    parse: str = ""
    verdict: str = ""
    keep: tuple[str, ...] = ()
    grammar: str = ""
    span_of: str = ""
    names_of: str = ""

    @property
    def judges(self) -> bool:
        """Whether the critic answers it."""
        return bool(self.verdict)

    def ask(self, columns: Mapping[str, Any]) -> str:
        """The prompt with a row's columns; FlowError names a column that the row does not have."""
        return self._render(self.prompt, columns)

    def accepts(self, verdict: str, columns: Mapping[str, Any]) -> bool:
        """Whether a row with these columns stays after that verdict."""
        return any(verdict == self._render(kept, columns) for kept in self.keep)

    def _render(self, template: str, columns: Mapping[str, Any]) -> str:
        try:
            return _template(template).render(**columns)
        except TemplateError as error:
            hint = "it names a column that no stage writes, or does with one what cannot be done"
            raise FlowError(f"stage {self.name}: {error}", hint=hint) from error


@dataclass(frozen=True)
class Flow:
    """A flow: stages by the kind of leaf, and how documents are cut for it. `source` is its YAML."""

    name: str
    about: str
    one_section: bool
    stages: Mapping[str, tuple[Stage, ...]]
    source: str

    def for_kind(self, kind: str) -> tuple[Stage, ...]:
        """The stages for `knowledge`, `freeform` or `grounded` leaves; FlowError where there are none."""
        if kind not in self.stages:
            hint = f"it has stages for {', '.join(self.stages)}"
            raise FlowError(f"the flow {self.name} has no stages for {kind} leaves", hint=hint)
        return self.stages[kind]


def flow_names() -> list[str]:
    """The flows that come with the package."""
    folder = resources.files("workbench.generation").joinpath("flows")
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_flow(name_or_path: str) -> Flow:
    """A flow of the package by name, or of the user by path to its YAML; FlowError where there is none."""
    path = Path(name_or_path).expanduser()
    if path.suffix in (".yaml", ".yml"):
        return read_flow(_text(path), str(path))
    if name_or_path not in flow_names():
        hint = f"flows of the package are {', '.join(flow_names())}; a flow of your own is a path that ends in .yaml"
        raise FlowError(f"there is no flow {name_or_path!r}", hint=hint)
    entry = resources.files("workbench.generation").joinpath("flows", f"{name_or_path}.yaml")
    return read_flow(entry.read_text("utf-8"), f"{name_or_path}.yaml")


def read_flow(text: str, where: str) -> Flow:
    """The flow that a YAML text describes; FlowError says what is wrong in it, before any model is loaded."""
    data = _yaml(text, where)
    check_flow(where, data)
    stages = {kind: _stages(kind, data, where) for kind in KINDS if kind in data}
    return Flow(str(data.get("name", where)), str(data.get("about", "")), data.get("one_section", False), stages, text)


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


def _stages(kind: str, data: Mapping[str, Any], where: str) -> tuple[Stage, ...]:
    for number, entry in enumerate(data[kind], start=1):
        check_stage(f"{where}: {kind} stage {number}", entry, data["prompts"])
    check_columns(f"{where}: {kind}", kind, data[kind], data["prompts"])
    return tuple(_stage(entry, data["prompts"]) for entry in data[kind])


def _stage(entry: Mapping[str, Any], prompts: Mapping[str, str]) -> Stage:
    sampling = Sampling(
        max_tokens=entry.get("max_tokens", 512),
        temperature=float(entry.get("temperature", 0.0)),
        top_p=float(entry.get("top_p", 1.0)),
        stop=tuple(entry.get("stop", ())),
    )
    texts = {key: entry.get(key, "") for key in ("writes", "parse", "verdict", "grammar", "span_of", "names_of")}
    keep = tuple(str(value) for value in entry.get("keep", ()))
    return Stage(name=entry["name"], prompt=prompts[entry["prompt"]], sampling=sampling, keep=keep, **texts)


@cache
def _template(prompt: str) -> Template:
    return _ENVIRONMENT.from_string(prompt)
