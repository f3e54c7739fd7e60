"""The items of an evaluation, each with what base and trained model said, found without holding them in memory."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from workbench.errors import NotFoundError
from workbench.evaluation.benchmarks import WHO
from workbench.evaluation.examination import journal_path
from workbench.evaluation.report import Report
from workbench.evaluation.scores import value_of
from workbench.records import parse_line, read_placed
from workbench.runs import Run
from workbench.widgets.item_page import Item, verdict, words_of

_LINE = 96
BETTER, WORSE = "better than before", "worse than before"


@dataclass(frozen=True, slots=True)
class Entry:
    """One question: where each model's row of it begins, what came of each, and what became of it from the base."""

    benchmark: str
    leaf: str
    line: str
    places: Mapping[str, tuple[Path, int]]
    verdicts: Mapping[str, str]
    values: Mapping[str, float | None]

    @property
    def change(self) -> str:
        base, trained = (self.values.get(who) for who in WHO)
        if base is None or trained is None or base == trained:
            return ""
        return BETTER if trained > base else WORSE

    def said(self, name: str, model: str) -> set[str]:
        """Its values of one choice; verdicts are those of one model, or of both together with the change."""
        if name == "model":
            return set(self.places)
        if name != "verdict":
            return {str(getattr(self, name))}
        return {self.verdicts[model]} if model in self.verdicts else {*self.verdicts.values(), self.change} - {""}

    def read(self) -> Item:
        """Each model's row, from the disk."""
        return Item(self.benchmark, {who: _read(*place) for who, place in self.places.items()})


@dataclass(frozen=True)
class Filter:
    """What items are looked for; an empty field takes all. `words` are looked for in questions and answers."""

    benchmark: str = ""
    model: str = ""
    leaf: str = ""
    verdict: str = ""
    words: str = ""

    def takes(self, entry: Entry) -> bool:
        wanted = (("benchmark", self.benchmark), ("model", self.model), ("leaf", self.leaf), ("verdict", self.verdict))
        return all(not value or value in entry.said(name, self.model) for name, value in wanted)


class ItemIndex:
    """The items of a finished evaluation; NotFoundError where it is gone, or where nothing was kept of them."""

    def __init__(self, run: Run) -> None:
        self.report = Report.of(run)
        self.titles: dict[str, str] = {name: found["title"] for name, found in self.report.benchmarks.items()}
        if not self.entries:
            raise NotFoundError(
                f"{run.folder.name} kept no items: its journals in {run.artifacts} are empty or gone",
                hint="evaluate the model again under another name: workbench model evaluate --name NAME",
            )

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """Benchmark by benchmark, in the order of the questions."""
        return [entry for name in self.titles for entry in _entries(self.report.artifacts, name)]

    def find(self, wanted: Filter) -> list[Entry]:
        """Those that the filter takes, in order."""
        found = [entry for entry in self.entries if wanted.takes(entry)]
        words = wanted.words.casefold().split()
        return [entry for entry in found if _holds(entry, words)] if words else found

    def counts(self, wanted: Filter, name: str) -> dict[str, int]:
        """How many items there are for each value of one choice, under the other choices; for "" all of them."""
        others = [entry for entry in self.entries if replace(wanted, **{name: ""}).takes(entry)]
        told = Counter(value for entry in others for value in entry.said(name, wanted.model))
        return {"": len(others), **told}


def _entries(artifacts: Path, name: str) -> Iterator[Entry]:
    found: dict[tuple[str, str], Entry] = {}
    for who in WHO:
        path = journal_path(artifacts, name, who)
        for offset, row in read_placed(path) if path.is_file() else ():
            key = row["leaf"], row["id"]
            entry = found.get(key) or Entry(name, row["leaf"], _short(row["question"]), {}, {}, {})
            found[key] = replace(
                entry,
                places={**entry.places, who: (path, offset)},
                verdicts={**entry.verdicts, who: verdict(row)},
                values={**entry.values, who: value_of(row)},
            )
    yield from found.values()


def _short(question: str) -> str:
    line = " ".join(question.split())
    return line if len(line) <= _LINE else f"{line[: _LINE - 1]}…"


def _read(path: Path, offset: int) -> dict[str, Any]:
    with path.open("rb") as file:
        file.seek(offset)
        return parse_line(file.readline())


def _holds(entry: Entry, words: Sequence[str]) -> bool:
    if all(word in entry.line.casefold() for word in words):
        return True
    text = words_of(entry.read()).casefold()
    return all(word in text for word in words)
