"""Which requests cannot fit into a model's context, found before the first one is asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workbench.engines.engine import Engine
from workbench.errors import ContextError, EngineError
from workbench.generation.answers import columns_of
from workbench.generation.filters import RowError
from workbench.generation.flow import Flow
from workbench.generation.rows import LeafWork
from workbench.generation.stages import Stage
from workbench.messages import user

# A letter of Unicode's private area stands for each answer that is not written yet, whatever a template does to it.
_PRIVATE = 0xE000
# Tokens that the template of an endpoint may add, which only the endpoint knows.
_UNSEEN_TEMPLATE = 64
# A stage that fits its answer to the room that is left needs so much of it.
_LEAST_ANSWER = 64
_MOST_ROWS = 8
_FEWEST_TOKENS = 16
_SHOWN = 100


@dataclass(frozen=True)
class Misfit:
    """A request that cannot fit: tokens of its prompt, of the earlier answers in it at their longest, and of its own
    answer; `document` says whether a passage is in it, which could be cut shorter."""

    leaf: str
    source: str
    stage: str
    prompt: int
    earlier: int
    answer: int
    room: int
    document: bool

    @property
    def over(self) -> int:
        """Tokens that are too many."""
        return self.prompt + self.earlier + self.answer - self.room

    def __str__(self) -> str:
        parts = [f"{self.prompt} of prompt", f"{self.earlier} of earlier answers", f"{self.answer} of answer"]
        needed = self.prompt + self.earlier + self.answer
        return f"{self.leaf}, {self.source}: {self.stage} may need {needed} tokens ({', '.join(parts)})"


def check_fit(works: Sequence[LeafWork], flow: Flow, engines: Mapping[str, Engine], chunk_tokens: int) -> None:
    """ContextError that lists, one line a source, every request that cannot fit, and the option that would help.

    `engines` are by role; one that does not say what it can take (0) is asked as it is. Earlier answers are taken at
    their longest, so that what is not listed fits in any case.
    """
    places = [(work, place) for work in works for place in range(len(work.sources))]
    found = [misfit for work, place in places if (misfit := worst(work, place, flow, engines))]
    if not found:
        return
    lines = [f"  {misfit}" for misfit in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"  and {len(found) - _SHOWN} more")
    what = "one request does" if len(found) == 1 else f"requests of {len(found)} sources do"
    names = " or ".join(dict.fromkeys(engine.name for engine in engines.values()))
    room = min(misfit.room for misfit in found)
    head = f"{what} not fit into the {room} tokens of {names}:"
    raise ContextError("\n".join((head, *lines)), hint=_hint(found, chunk_tokens))


def worst(work: LeafWork, place: int, flow: Flow, engines: Mapping[str, Engine]) -> Misfit | None:
    """The request of the source at that place that is the farthest from fitting, with any example; None where all
    fit."""
    rounds = max(1, len(work.sources[place].examples))
    found = [_worst(work, place + turn * len(work.sources), flow, engines) for turn in range(rounds)]
    return max((misfit for misfit in found if misfit), key=lambda misfit: misfit.over, default=None)


def _worst(work: LeafWork, ordinal: int, flow: Flow, engines: Mapping[str, Engine]) -> Misfit | None:
    candidate = work.candidate(ordinal)
    columns = candidate.columns
    asked = [*_walk(work.stages, _Row(columns))]
    if work.kind == "knowledge":
        pair = _pair(work.stages, _Row(columns))
        for kind in ("rewording", "choices"):
            asked += _walk(flow.stages.get(kind, ()), pair)
    document = str(columns.get("document", ""))
    found = [_misfit(work, candidate.source, each, engines, document) for each in asked]
    return max((misfit for misfit in found if misfit), key=lambda misfit: misfit.over, default=None)


@dataclass(frozen=True)
class _Row:
    """Columns in which a letter of its own stands for each answer that is not written yet; `limits` are their tokens at
    most, by letter."""

    columns: Mapping[str, Any]
    limits: Mapping[str, int] = field(default_factory=dict)

    def answered(self, stages: Sequence[Stage]) -> "_Row":
        """With what these stages write."""
        columns, limits = dict(self.columns), dict(self.limits)
        for stage in stages:
            for name in columns_of(stage):
                columns[name] = chr(_PRIVATE + len(limits))
                limits[columns[name]] = _least(stage)
        return _Row(columns, limits)

    def behind(self, stage: Stage) -> "list[_Row]":
        """The rows that a stage makes of it."""
        row = self.answered([stage]) if stage.asks and not stage.verdict else self
        rows = stage.change.rows(dict(row.columns)) if stage.change else [dict(row.columns)]
        kept = [
            {name: value for name, value in {**stage.sets, **one}.items() if name not in stage.drops} for one in rows
        ]
        return [_Row(columns, row.limits) for columns in kept]


@dataclass(frozen=True)
class _Asked:
    """A stage's prompt without the earlier answers in it, and the tokens that these may have."""

    stage: Stage
    prompt: str
    earlier: int

    @property
    def answer(self) -> int:
        """Tokens to leave for it at least."""
        return _least(self.stage)


def _least(stage: Stage) -> int:
    """Tokens that an answer needs: all that it may have, unless it fits itself to the room that is left."""
    most = stage.sampling.max_tokens
    return min(most, _LEAST_ANSWER) if stage.fit else most


def _pair(stages: Sequence[Stage], row: _Row) -> _Row:
    """The row with the question and answer that it comes to; where they cannot be followed, as long as any answer."""
    try:
        for stage in stages:
            row = row.behind(stage)[0]
    except RowError:
        pass
    limits, columns = dict(row.limits), dict(row.columns)
    for name in ("question", "answer"):
        if name not in columns:
            columns[name] = chr(_PRIVATE + len(limits))
            limits[columns[name]] = max(row.limits.values(), default=0)
    return _Row(columns, limits)


def _walk(stages: Sequence[Stage], row: _Row) -> Iterator[_Asked]:
    """Every request of a source, as far as it can be told before anything is answered."""
    rows = [row]
    for stage in stages:
        try:
            if stage.asks and not stage.messages:
                yield from (_asked(stage, each) for each in rows)
            rows = [new for each in rows for new in each.behind(stage)][:_MOST_ROWS]
        except RowError:
            return


def _asked(stage: Stage, row: _Row) -> _Asked:
    """Of several prompts to choose from, the longest."""
    ways = [replace(stage, prompt=prompt, prompts={}) for prompt in stage.prompts.values()] or [stage]
    text = max((way.ask(row.columns) for way in ways), key=len)
    earlier = sum(text.count(mark) * limit for mark, limit in row.limits.items())
    return _Asked(stage, text.translate({ord(mark): "" for mark in row.limits}), earlier)


def _misfit(work: LeafWork, source: str, asked: _Asked, engines: Mapping[str, Engine], document: str) -> Misfit | None:
    engine = engines[asked.stage.role]
    beside, room = asked.earlier + asked.answer, engine.context_size
    if not room:
        return None
    text, unseen = (asked.prompt, 0) if asked.stage.wrap else _rendered(engine, asked.prompt)
    # No token is less than a byte, which spares counting most prompts.
    if len(text.encode()) + 1 + unseen + beside <= room:
        return None
    prompt = engine.count_tokens(text) + 1 + unseen
    if prompt + beside <= room:
        return None
    shown = bool(document) and document in asked.prompt
    return Misfit(work.path, source, asked.stage.name, prompt, asked.earlier, asked.answer, room, shown)


def _rendered(engine: Engine, prompt: str) -> tuple[str, int]:
    """The prompt in the model's template, and the tokens to allow for a template that is not known here."""
    try:
        return engine.render((user(prompt),)), 0
    except EngineError:
        return prompt, _UNSEEN_TEMPLATE


def _hint(found: Sequence[Misfit], chunk_tokens: int) -> str:
    hints = []
    passages = [misfit.over for misfit in found if misfit.document]
    if passages and chunk_tokens - max(passages) >= _FEWEST_TOKENS:
        hints.append(f"--chunk-tokens {chunk_tokens - max(passages)} makes the passages fit")
    if any(not misfit.document for misfit in found):
        hints.append("lower max_tokens of these stages in a flow of your own, or shorten the seed examples they quote")
    return "; ".join([*hints, "a model with a longer context takes them as they are"])
