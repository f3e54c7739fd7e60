"""Looking at generated samples one by one: what was asked and answered, and why it was kept or not."""

from collections.abc import Mapping
from typing import Any

from workbench.runs import Run
from workbench.widgets.browser import Browser
from workbench.widgets.sample_page import sample_html, why
from workbench.widgets.samples import KEPT, Entry, Filter, Samples
from workbench.widgets.table import Table

__all__ = ["SampleBrowser", "Samples"]
_STATIC = 2

Record = Mapping[str, Any]


class SampleBrowser(Browser):
    """`value` is the sample in view, None where the filter takes none; arrow keys in the list go through them."""

    noun = "sample"
    choices = (
        ("leaf", "Leaf:", "all leaves"),
        ("verdict", "Verdict:", "all verdicts"),
        ("stage", "Ended at:", "any stage"),
    )

    def __init__(self, run: Run, leaf: str = "") -> None:
        super().__init__()
        self.samples = Samples(run)
        self.show(leaf)

    @property
    def value(self) -> Record | None:
        return self._found[self._number].read() if self._found else None

    def show(self, leaf: str = "", verdict: str = "", stage: str = "", words: str = "") -> None:
        """The first of the samples that are so; an empty text takes all."""
        self.wanted = Filter(leaf, verdict, stage, words)
        self._present(self.samples.find(self.wanted))

    def look_for(self, wanted: Mapping[str, str]) -> None:
        self.show(**wanted)

    def chosen(self, name: str) -> str:
        return str(getattr(self.wanted, name))

    def html(self) -> str:
        return self._table()._repr_html_()

    def text(self) -> str:
        return repr(self._table())

    def offered(self, name: str, every: str) -> list[tuple[str, str]]:
        counts = self.samples.counts(self.wanted, name)
        order = self.samples.leaves if name == "leaf" else sorted(counts, key=lambda one: (one != KEPT, one))
        chosen = getattr(self.wanted, name)
        offered = [(f"{one.replace('_', ' ') if name == 'stage' else one} ({counts.get(one, 0):,})", one)
                   for one in order if one and (counts.get(one) or one == chosen or name == "leaf")]  # fmt: skip
        if chosen and chosen not in order:
            offered.append((f"{chosen} (0)", chosen))
        return [(f"{every} ({sum(counts.values()):,})", ""), *offered]

    def line(self, entry: Entry) -> str:
        what = entry.line or "(no question)"
        return what if entry.verdict == KEPT else f"[{entry.verdict} at {entry.stage.replace('_', ' ')}] {what}"

    def page(self) -> str:
        return sample_html(self.value, self.samples.judges) if self.value else "<p>Choose another leaf or verdict.</p>"

    def _table(self) -> Table:
        rows = tuple(
            (leaf, str(record["outcome"]), str(record["question"]), str(record["answer"]), why(record))
            for leaf in self.samples.leaves
            for entry in self._first_of(leaf)
            for record in [entry.read()]
        )
        return Table("The first samples of each leaf", ("Leaf", "Outcome", "Question", "Answer", "Why"), rows)

    def _first_of(self, leaf: str) -> list[Entry]:
        found = self.samples.find(Filter(leaf=leaf))
        kept = [entry for entry in found if entry.verdict == KEPT]
        return [*kept[:_STATIC], *[entry for entry in found if entry.verdict != KEPT][:_STATIC]]
