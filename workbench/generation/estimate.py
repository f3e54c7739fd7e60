"""What a run will take, from the first of its samples: requests, tokens by meter, minutes and, with prices, money."""

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from workbench.generation.flow import Flow
from workbench.generation.journal import Journal, row_of
from workbench.generation.options import GenerationOptions
from workbench.generation.pace import Pace
from workbench.generation.prices import Prices
from workbench.generation.production import LeafShelf, Production
from workbench.generation.rows import user_text
from workbench.records import read_jsonl

Record = dict[str, Any]
CountTokens = Callable[[str], int]
# Below so many requests of its own a trial says nothing about speed.
_FEWEST = 8
# Tokens of an answer where none is known yet.
_GUESS = 48


@dataclass(frozen=True)
class Trial:
    """The first samples of a run: their production, the journal of what was asked, and the pace."""

    production: Production
    journal: Journal
    pace: Pace

    @property
    def shelves(self) -> Mapping[str, LeafShelf]:
        """Leaves with what is decided so far."""
        return self.production.shelves


@dataclass(frozen=True)
class Terms:
    """How tokens are counted, what they cost, and which rows keep what the student knows."""

    count_tokens: CountTokens
    prices: Prices | None = None
    replay: Path | None = None

    @cached_property
    def replayed(self) -> int:
        """Tokens of those rows, once."""
        rows = read_jsonl(self.replay) if self.replay else ()
        return sum(self.count_tokens(message["content"]) for row in rows for message in row["messages"])


def estimate(trial: Trial, flow: Flow, options: GenerationOptions, terms: Terms) -> Record:
    """Requests and tokens of the whole run, what is done already included; `minutes` are those still to come, None
    where the trial was too short to tell. `leaves` say the same for each leaf.

    A leaf goes on to keep the share that it kept so far, as far as it has samples enough to tell, and else that of all.
    Rows of training are counted as they are mixed, held-out samples left out and the replay included; those of earlier
    runs and own files are not.
    """
    yields = _yields(trial)
    common = sum(yields.values(), _Yield())
    leaves = [
        _leaf(shelf, yields[path], common, flow, options, terms.count_tokens) for path, shelf in trial.shelves.items()
    ]
    requests = max(sum(leaf["requests"] for leaf in leaves), trial.journal.requests)
    phases = 1 + any(leaf["kind"] == "knowledge" for leaf in leaves)
    meters = {
        "generation_output": sum(leaf["output_tokens"] for leaf in leaves),
        "training_input": sum(leaf["training_tokens"] for leaf in leaves) + phases * terms.replayed,
    }
    rates = trial.pace.rates() if trial.pace.requests >= _FEWEST else {}
    left = requests - trial.journal.requests
    return {
        "leaves": leaves,
        "samples": sum(leaf["asked"] for leaf in leaves),
        "requests": requests,
        "requests_done": trial.journal.requests,
        "meters": meters,
        "minutes": left / rates["requests_per_second"] / 60 if rates.get("requests_per_second") else None,
        "rates": rates,
        "money": terms.prices.cost(meters) if terms.prices else None,
    }


@dataclass(frozen=True)
class _Yield:
    """Of so many decided samples so many were kept; for them so many requests drew so many tokens."""

    decided: int = 0
    kept: int = 0
    requests: int = 0
    tokens: int = 0

    def __add__(self, other: "_Yield") -> "_Yield":
        return _Yield(*(one + another for one, another in zip(astuple(self), astuple(other), strict=True)))

    @property
    def share(self) -> float:
        return (self.kept + 1) / (self.decided + 2)


def _yields(trial: Trial) -> dict[str, _Yield]:
    """By leaf. What was asked for samples that are still under way is left out: their later requests are missing."""
    ordinals = {path: {one.ordinal for one in shelf.decided} for path, shelf in trial.shelves.items()}
    found = {path: _Yield(len(shelf.decided), shelf.kept) for path, shelf in trial.shelves.items()}
    for record in read_jsonl(trial.journal.path):
        leaf, ordinal = row_of(record)
        if ordinal in ordinals.get(leaf, ()):
            found[leaf] += _Yield(requests=1, tokens=record["tokens"])
    return found


def _leaf(
    shelf: LeafShelf, own: _Yield, common: _Yield, flow: Flow, options: GenerationOptions, count_tokens: CountTokens
) -> Record:
    # Two samples of the run as a whole beside the leaf's own: few of these alone would promise all or nothing.
    share = (own.kept + 2 * common.share) / (own.decided + 2)
    quota = options.num_instructions
    rows = min(round(quota / share), replace(shelf, quota=quota).most)
    known = own if own.requests else common
    asked = known.requests / known.decided if known.requests else len(shelf.work.stages)
    each = known.tokens / known.requests if known.requests else _GUESS
    heldout = round(options.heldout_share * quota)
    requests = round(rows * asked) + heldout * _exam_requests(shelf, flow)
    return {
        "path": shelf.work.path,
        "kind": shelf.work.kind,
        "asked": quota,
        "rows": rows,
        "requests": requests,
        "output_tokens": round(requests * each),
        "training_tokens": round((quota - heldout) * _trained_tokens(shelf, options, count_tokens)),
    }


def _exam_requests(shelf: LeafShelf, flow: Flow) -> int:
    """Requests for a held-out knowledge pair: to say it in other words, and to write wrong answers."""
    if shelf.work.kind != "knowledge":
        return 0
    return sum(len(flow.stages.get(kind, ())) for kind in ("rewording", "choices"))


def _trained_tokens(shelf: LeafShelf, options: GenerationOptions, count_tokens: CountTokens) -> float:
    """Tokens of the training rows that a kept sample of the leaf comes to on average, in both phases."""
    records = [one.record() for one in shelf.decided if one.outcome == "kept"]
    total = 0.0
    for record in records:
        pair = count_tokens(user_text(record)) + count_tokens(record["answer"])
        total += pair
        if record["kind"] == "knowledge":
            passages = (1 + options.distractors) * count_tokens(record["context"])
            total += pair + 2 * options.document_share * (pair + passages)
    return total / len(records) if records else 0.0
