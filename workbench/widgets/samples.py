"""The samples of a data run, found by leaf, verdict, stage and words without holding their texts in memory."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from workbench.errors import NotFoundError
from workbench.records import parse_line, read_jsonl, read_placed
from workbench.runs import Run

KEPT = "kept"
_LINE = 96

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a sample stands and what it is found by: the `stage` it ended at, its question as a `line`."""

    path: Path
    offset: int
    leaf: str
    verdict: str
    stage: str
    reason: str
    line: str

    def read(self) -> Record:
        """All of the sample, from the disk."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return parse_line(file.readline())


@dataclass(frozen=True)
class Filter:
    """What samples are looked for; an empty field takes all. `words` are looked for in question and answer."""

    leaf: str = ""
    verdict: str = ""
    stage: str = ""
    words: str = ""

    def takes(self, entry: Entry) -> bool:
        return all(
            not wanted or wanted == found
            for wanted, found in ((self.leaf, entry.leaf), (self.verdict, entry.verdict), (self.stage, entry.stage))
        )


class Samples:
    """The samples of a finished data run: kept ones, and those that were not."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.leaves: list[str] = [leaf["path"] for leaf in run.manifest["leaves"]]
        self.judges: set[str] = {stage for leaf in run.manifest["leaves"] for stage in _judging(leaf)}
        if not self.leaves:
            raise NotFoundError(f"{run.folder.name} has no leaves", hint="generate data for at least one leaf")

    @property
    def kept(self) -> list[Record]:
        """Those of all leaves, whole."""
        paths = (self.run.artifacts / f"{leaf}.jsonl" for leaf in self.leaves)
        return [record for path in paths if path.is_file() for record in read_jsonl(path)]

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """In the order in which they were made, leaf by leaf; those that were not kept behind the others of a leaf."""
        kept = [entry for leaf in self.leaves for entry in _entries(self.run.artifacts / f"{leaf}.jsonl")]
        others = _entries(self.run.artifacts / "rejected.jsonl")
        place = {leaf: number for number, leaf in enumerate(self.leaves)}
        return sorted([*kept, *others], key=lambda entry: place.get(entry.leaf, len(place)))

    def find(self, wanted: Filter) -> list[Entry]:
        """Those that the filter takes, in order."""
        found = [entry for entry in self.entries if wanted.takes(entry)]
        words = wanted.words.casefold().split()
        return [entry for entry in found if _says(entry, words)] if words else found

    def counts(self, wanted: Filter, name: str) -> dict[str, int]:
        """How many samples there are for each value of one field, under the other fields of a filter."""
        fields = {"leaf": wanted.leaf, "verdict": wanted.verdict, "stage": wanted.stage} | {name: ""}
        others = Filter(**fields)
        return dict(Counter(getattr(entry, name) for entry in self.entries if others.takes(entry)))


def _entries(path: Path) -> Iterator[Entry]:
    for offset, record in read_placed(path) if path.is_file() else ():
        verdict, question = str(record["outcome"]), " ".join(str(record["question"]).split())
        # A kept sample ended at no stage: it passed them all.
        stage = "" if verdict == KEPT else str(record["stage"])
        line = question if len(question) <= _LINE else f"{question[: _LINE - 1]}…"
        yield Entry(path, offset, str(record["leaf"]), verdict, stage, str(record.get("reason", "")), line)


def _says(entry: Entry, words: Sequence[str]) -> bool:
    if all(word in entry.line.casefold() for word in words):
        return True
    record = entry.read()
    text = f"{record['question']} {record['answer']}".casefold()
    return all(word in text for word in words)


def _judging(leaf: Mapping[str, Any]) -> list[str]:
    return [*leaf.get("stages", ()), *(line["stage"] for line in leaf.get("funnel", ()) if line["judges"])]
