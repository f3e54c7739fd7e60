"""Looking at generated samples one by one: what was asked and answered, and why it was kept or not."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.runs import Run
from workbench.widgets.field import column, html, row, set_html
from workbench.widgets.keyboard import own_keys
from workbench.widgets.panel import Panel, button, live
from workbench.widgets.sample_page import sample_html, why
from workbench.widgets.samples import KEPT, Entry, Filter, Samples
from workbench.widgets.table import Table

__all__ = ["SampleBrowser", "Samples"]
_STYLE = Path(__file__).with_name("sample_browser.css")
# So many lines are sent to the browser at once, however many samples there are.
_WINDOW = 100
_STATIC = 2
_CHOICES = (
    ("leaf", "Leaf:", "all leaves"),
    ("verdict", "Verdict:", "all verdicts"),
    ("stage", "Ended at:", "any stage"),
)

Record = Mapping[str, Any]


class SampleBrowser(Panel):
    """`value` is the sample in view, None where the filter takes none; arrow keys in the list go through them."""

    def __init__(self, run: Run, leaf: str = "") -> None:
        super().__init__()
        self.samples = Samples(run)
        self.wanted = Filter(leaf=leaf)
        self._found: Sequence[Entry] = self.samples.find(self.wanted)
        self._number = 0
        self._quiet = False
        self._built = False

    @property
    def value(self) -> Record | None:
        return self._found[self._number].read() if self._found else None

    def show(self, leaf: str = "", verdict: str = "", stage: str = "", words: str = "") -> None:
        """The first of the samples that are so; an empty text takes all."""
        self.wanted = Filter(leaf, verdict, stage, words)
        self._found, self._number = self.samples.find(self.wanted), 0
        self._tell()

    def move(self, steps: int) -> None:
        """Forwards or, with a negative number, backwards; beyond the last comes the first."""
        if self._found:
            self._number = (self._number + steps) % len(self._found)
        self._tell()

    def build(self) -> Any:
        import ipywidgets

        wide = {"description_width": "initial"}
        self._chosen = {name: ipywidgets.Dropdown(description=label, style=wide) for name, label, _ in _CHOICES}
        self._words = ipywidgets.Text(description="Words:", style=wide, continuous_update=False)
        self._list = ipywidgets.Select(description="Samples:", rows=8, style=wide)
        self._back, self._on = button("Previous sample"), button("Next sample")
        self._place, self._page = html(), html()
        for control in (*self._chosen.values(), self._words):
            control.observe(self._filtered, names="value")
        self._list.observe(self._picked, names="index")
        self._back.on_click(lambda pressed: self.move(-1))
        self._on.on_click(lambda pressed: self.move(1))
        style = html(f"<style>{_STYLE.read_text('utf-8')}</style>")
        keys = row([self._back, self._on, self._place])
        box = column(
            [style, own_keys(), row([*self._chosen.values(), self._words]), self._list, keys, self._page],
            *("workbench-editor", "workbench-browser"),
        )
        self._built = True
        self._tell()
        return box

    def html(self) -> str:
        return self._table()._repr_html_()

    def text(self) -> str:
        return repr(self._table())

    def _filtered(self, change: object) -> None:
        if not self._quiet:
            chosen = {name: control.value for name, control in self._chosen.items()}
            self.show(**chosen, words=self._words.value)

    def _picked(self, change: Any) -> None:
        if not self._quiet and change["new"] is not None:
            self._number = self._start + change["new"]
            self._tell()

    @property
    def _start(self) -> int:
        return self._number - self._number % _WINDOW

    def _tell(self) -> None:
        """Put what is in view into the controls, which do not answer meanwhile."""
        if not self._built:
            return
        self._quiet = True
        for name, _, every in _CHOICES:
            _offer(self._chosen[name], self._options(name, every), getattr(self.wanted, name))
        self._words.value = self.wanted.words
        shown = self._found[self._start : self._start + _WINDOW]
        lines = tuple(f"{self._start + place}. {_line(entry)}" for place, entry in enumerate(shown, start=1))
        if self._list.options != lines:
            self._list.options = lines
        self._list.index = self._number - self._start if lines else None
        set_html(self._place, live(self._told()))
        set_html(self._page, self._sample())
        self._quiet = False

    def _options(self, name: str, every: str) -> list[tuple[str, str]]:
        counts = self.samples.counts(self.wanted, name)
        order = self.samples.leaves if name == "leaf" else sorted(counts, key=lambda one: (one != KEPT, one))
        chosen = getattr(self.wanted, name)
        offered = [(f"{one.replace('_', ' ') if name == 'stage' else one} ({counts.get(one, 0):,})", one)
                   for one in order if one and (counts.get(one) or one == chosen or name == "leaf")]  # fmt: skip
        if chosen and chosen not in order:
            offered.append((f"{chosen} (0)", chosen))
        return [(f"{every} ({sum(counts.values()):,})", ""), *offered]

    def _told(self) -> str:
        if not self._found:
            return "No sample is so."
        return f"Sample {self._number + 1:,} of {len(self._found):,}"

    def _sample(self) -> str:
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


def _offer(control: Any, options: list[tuple[str, str]], value: str) -> None:
    """Replaces the choices and the choice together; the same ones are not sent again."""
    if list(control.options) != options:
        control.options = options
    if control.value != value:
        control.value = value


def _line(entry: Entry) -> str:
    what = entry.line or "(no question)"
    return what if entry.verdict == KEPT else f"[{entry.verdict} at {entry.stage.replace('_', ' ')}] {what}"
