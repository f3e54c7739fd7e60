"""Looking at generated samples one by one: what was asked and answered, and why it was kept or not."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from html import escape
from typing import Any

from workbench.errors import NotFoundError
from workbench.records import read_jsonl
from workbench.runs import Run
from workbench.widgets.panel import Panel, button, dropdown, live
from workbench.widgets.table import Table

KEPT, LEFT_OUT = "kept", "not kept"
_STATIC = 2

Record = Mapping[str, Any]


class Samples:
    """The samples of a data run: kept ones by leaf, and those that were not."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.leaves: list[str] = [leaf["path"] for leaf in run.manifest["leaves"]]
        if not self.leaves:
            raise NotFoundError(f"{run.folder.name} has no leaves", hint="generate data for at least one leaf")

    @property
    def kept(self) -> list[Record]:
        """Those of all leaves."""
        return [record for leaf in self.leaves for record in self.of(leaf, KEPT)]

    def of(self, leaf: str, outcome: str) -> Sequence[Record]:
        """In the order in which they were made."""
        if outcome == KEPT:
            path = self.run.artifacts / f"{leaf}.jsonl"
            return list(read_jsonl(path)) if path.is_file() else []
        return [record for record in self._left_out if record["leaf"] == leaf]

    @cached_property
    def _left_out(self) -> list[Record]:
        path = self.run.artifacts / "rejected.jsonl"
        return list(read_jsonl(path)) if path.is_file() else []


class SampleBrowser(Panel):
    """`value` is the sample in view, None where there is none of that kind."""

    def __init__(self, run: Run, leaf: str = "") -> None:
        super().__init__()
        self.samples = Samples(run)
        self._leaf = leaf or self.samples.leaves[0]
        self._outcome = KEPT
        self._number = 0
        self._shown: Sequence[Record] = self.samples.of(self._leaf, self._outcome)

    @property
    def value(self) -> Record | None:
        return self._shown[self._number] if self._shown else None

    def show(self, leaf: str, outcome: str) -> None:
        """The first sample of that leaf and outcome."""
        self._leaf, self._outcome, self._number = leaf, outcome, 0
        self._shown = self.samples.of(leaf, outcome)

    def move(self, steps: int) -> None:
        """Forwards or, with a negative number, backwards; beyond the last comes the first."""
        if self._shown:
            self._number = (self._number + steps) % len(self._shown)

    def build(self) -> Any:
        import ipywidgets

        leaf = dropdown("Leaf:", self.samples.leaves, self._leaf)
        leaf.layout.width = "36em"
        outcome = dropdown("Outcome:", [KEPT, LEFT_OUT], self._outcome)
        back, on = button("Previous sample"), button("Next sample")
        page = ipywidgets.HTML(live(self._page()))

        def choose(change: object) -> None:
            self.show(leaf.value, outcome.value)
            page.value = live(self._page())

        def step(pressed: object) -> None:
            self.move(-1 if pressed is back else 1)
            page.value = live(self._page())

        for chooser in (leaf, outcome):
            chooser.observe(choose, names="value")
        for presser in (back, on):
            presser.on_click(step)
        rows = [ipywidgets.HBox([leaf, outcome]), ipywidgets.HBox([back, on]), page]
        return ipywidgets.VBox(rows)

    def html(self) -> str:
        return self._table()._repr_html_()

    def text(self) -> str:
        return repr(self._table())

    def _page(self) -> str:
        if self.value is None:
            return f"<p>No sample of {escape(self._leaf)} was {escape(self._outcome)}.</p>"
        place = f"Sample {self._number + 1} of {len(self._shown)}"
        return f"<p>{place}</p>{sample_html(self.value)}"

    def _table(self) -> Table:
        rows = tuple(
            (leaf, outcome, str(record["question"]), str(record["answer"]), _why(record))
            for leaf in self.samples.leaves
            for outcome in (KEPT, LEFT_OUT)
            for record in self.samples.of(leaf, outcome)[:_STATIC]
        )
        return Table("The first samples of each leaf", ("Leaf", "Outcome", "Question", "Answer", "Why"), rows)


def sample_html(record: Record) -> str:
    """All of a sample: texts, outcome, and what teacher and critic said at each stage."""
    context = f"<dt>Context</dt><dd><pre>{escape(str(record['context']))}</pre></dd>" if record["context"] else ""
    steps = "".join(f"<li>{escape(one['stage'])}: {escape(one['text'])}</li>" for one in record["trace"])
    return (
        f"<dl><dt>Question</dt><dd>{escape(str(record['question']))}</dd>"
        f"<dt>Answer</dt><dd>{escape(str(record['answer']))}</dd>{context}"
        f"<dt>Outcome</dt><dd>{escape(str(record['outcome']))}{escape(_reason(record))}</dd></dl>"
        f"<p>Said at each stage:</p><ol>{steps}</ol>"
    )


def _why(record: Record) -> str:
    return "" if record["outcome"] == KEPT else f"{record['stage']}: {record['reason']}"


def _reason(record: Record) -> str:
    return f" at {_why(record)}" if record["reason"] else ""
