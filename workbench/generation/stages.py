"""Stages: one step of a flow, which asks a model, keeps or drops rows, or changes their columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from workbench.engines.engine import Sampling
from workbench.errors import FlowError
from workbench.generation.changes import CHANGES, Change, RowsOf, read_change
from workbench.generation.filters import Filter, RowError, read_filter

_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
_AS_GIVEN = (
    *("name", "writes", "parse", "verdict", "grammar", "span_of", "names_of", "messages", "wrap", "takes", "types"),
    *("critic", "many", "samples", "once", "fit", "sets", "majority"),
)
_LISTED = ("keep", "into", "cleans", "drops", "distinct")


@dataclass(frozen=True)
class Stage:
    """One step: it asks where it has a `prompt`, `prompts` or `messages`, else it has one of `filter`, `distinct`,
    `majority` and `change`. flow.py says what each key means.

    `many` is the number of rows expected of an answer whose matches each make one, 0 where an answer is one row.
    """

    name: str
    prompt: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    writes: str = ""
    parse: str = ""
    verdict: str = ""
    keep: tuple[str, ...] = ()
    grammar: str = ""
    span_of: str = ""
    names_of: str = ""
    prompts: Mapping[str, str] = field(default_factory=dict)
    prompt_by: str = ""
    messages: str = ""
    wrap: str = ""
    into: tuple[str, ...] = ()
    takes: Mapping[str, str] = field(default_factory=dict)
    cleans: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    critic: bool = False
    many: int = 0
    samples: int = 1
    once: bool = False
    fit: bool = False
    repeat_temperature: float = 0.0
    sets: Mapping[str, Any] = field(default_factory=dict)
    drops: tuple[str, ...] = ()
    filter: Filter | None = None
    distinct: tuple[str, ...] = ()
    majority: str = ""
    change: Change | None = None
    flow: str = ""

    @property
    def asks(self) -> bool:
        """Whether a model answers it."""
        return bool(self.prompt or self.prompts or self.messages)

    @property
    def judges(self) -> bool:
        """Whether the critic answers it."""
        return bool(self.verdict) or self.critic

    @property
    def role(self) -> str:
        """`teacher`, `critic`, or nothing for a stage that asks nobody."""
        return ("critic" if self.judges else "teacher") if self.asks else ""

    @property
    def rejects(self) -> bool:
        """Whether it can turn a row down, which a stage that only reads, writes or changes cannot."""
        return bool(self.verdict or self.filter or self.distinct)

    @property
    def fan_out(self) -> int:
        """How many rows are expected to come of one."""
        made = len(self.change.columns) if isinstance(self.change, RowsOf) else max(1, self.many)
        return self.samples * made

    def outline(self) -> dict[str, Any]:
        """What a diagram shows of it: `name`, `role`, `judges`, `rejects`, `fan_out`, and `does` in a few words."""
        named = ("name", "role", "judges", "rejects", "fan_out")
        return {key: getattr(self, key) for key in named} | {"does": _does(self)}

    def ask(self, columns: Mapping[str, Any]) -> str:
        """The prompt with a row's columns; FlowError names a column that the row does not have, RowError says that
        there is no prompt for this row."""
        columns = {**self.sets, **columns}
        prompt = self.prompt
        if self.prompts:
            if (chosen := str(columns[self.prompt_by])) not in self.prompts:
                raise RowError(f"there is no prompt for {self.prompt_by} {chosen[:40]!r}")
            prompt = self.prompts[chosen]
        text = self._render(prompt, columns).strip()
        return self._render(self.wrap, {**columns, "prompt": text}) if self.wrap else text

    def accepts(self, verdict: str, columns: Mapping[str, Any]) -> bool:
        """Whether a row with these columns stays after that verdict."""
        return any(verdict == self._render(kept, columns) for kept in self.keep)

    def _render(self, template: str, columns: Mapping[str, Any]) -> str:
        try:
            return _template(template).render(**columns)
        except TemplateError as error:
            hint = "it names a column that no stage writes, or does with one what cannot be done"
            raise FlowError(f"stage {self.name}: {error}", hint=hint) from error


def read_stage(entry: Mapping[str, Any], prompts: Mapping[str, str], flow: str) -> Stage:
    """The stage that an entry of a flow file describes, once it was checked."""
    sampling = Sampling(
        max_tokens=entry.get("max_tokens", 512),
        temperature=float(entry.get("temperature", 0.0)),
        top_p=float(entry.get("top_p", 1.0)),
        stop=tuple(entry.get("stop", ())),
    )
    by = entry.get("prompt_by", {})
    change = next((read_change(kind, entry[kind]) for kind in CHANGES if kind in entry), None)
    given: dict[str, Any] = {key: entry[key] for key in _AS_GIVEN if key in entry}
    given |= {key: tuple(str(value) for value in entry[key]) for key in _LISTED if key in entry}
    return Stage(
        prompt=prompts[entry["prompt"]] if "prompt" in entry else "",
        sampling=sampling,
        prompts={value: prompts[name] for value, name in by.get("prompts", {}).items()},
        prompt_by=by.get("column", ""),
        repeat_temperature=float(entry.get("repeat_temperature", sampling.temperature)),
        filter=read_filter(entry["filter"]) if "filter" in entry else None,
        change=change,
        flow=flow,
        **given,
    )


def _does(stage: Stage) -> str:
    if stage.filter:
        values = " or ".join(str(value) for value in stage.filter.values)
        return f"keeps {stage.filter.column} {stage.filter.test.replace('_', ' ')} {values}"
    if stage.distinct:
        return f"drops a repeated {' and '.join(stage.distinct)}"
    if stage.majority:
        return f"sets {stage.majority} to its most frequent value"
    if stage.change:
        return f"writes {', '.join(sorted(stage.change.writes))}"
    if stage.verdict:
        return f"keeps {' or '.join(stage.keep)}"
    written = [stage.writes, *stage.takes, *stage.into] if not stage.parse or stage.into else []
    return f"writes {', '.join(name for name in written if name) or 'what it parses'}"


@cache
def _template(prompt: str) -> Template:
    return _ENVIRONMENT.from_string(prompt)
