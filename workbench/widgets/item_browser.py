"""Looking at the items of an evaluation one by one, base and trained model side by side."""

from collections.abc import Mapping

from workbench.evaluation.benchmarks import WHO
from workbench.runs import Run
from workbench.widgets.browser import Browser
from workbench.widgets.item_page import Item, answers_of, expected_of, item_html, turns_of, verdict
from workbench.widgets.items import BETTER, WORSE, Entry, Filter, ItemIndex
from workbench.widgets.table import Table

_STATIC = 2
_HEADS = ("Questions", "Leaf", "Asked", "Expected", "Base", "Trained")


class ItemBrowser(Browser):
    """`value` is the item in view, None where the filter takes none; arrow keys in the list go through them."""

    noun = "item"
    choices = (
        ("benchmark", "Questions:", "all questions"),
        ("model", "Model:", "both models"),
        ("leaf", "Leaf:", "all leaves"),
        ("verdict", "Verdict:", "all verdicts"),
    )

    def __init__(self, run: Run, benchmark: str = "") -> None:
        super().__init__()
        self.items = ItemIndex(run)
        self.show(benchmark)

    @property
    def value(self) -> Item | None:
        return self._found[self._number].read() if self._found else None

    def show(self, benchmark: str = "", model: str = "", leaf: str = "", verdict: str = "", words: str = "") -> None:
        """The first of the items that are so; an empty text takes all."""
        self.wanted = Filter(benchmark, model, leaf, verdict, words)
        self._present(self.items.find(self.wanted))

    def look_for(self, wanted: Mapping[str, str]) -> None:
        self.show(**wanted)

    def chosen(self, name: str) -> str:
        return str(getattr(self.wanted, name))

    def offered(self, name: str, every: str) -> list[tuple[str, str]]:
        counts, now = self.items.counts(self.wanted, name), self.chosen(name)
        orders: dict[str, list[str]] = {"benchmark": [*self.items.titles], "model": [*WHO]}
        order = orders.get(name, sorted(counts))
        values = [value for value in order if value and (value in counts or value == now)]
        values += [now] if now and now not in values else []
        labels = self.items.titles if name == "benchmark" else {}
        offered = [(f"{labels.get(value, value)} ({counts.get(value, 0):,})", value) for value in values]
        return [(f"{every} ({counts['']:,})", ""), *offered]

    def line(self, entry: Entry) -> str:
        told = [f"{who} {entry.verdicts[who]}" for who in WHO if who in entry.verdicts]
        return f"[{', '.join(told)}] {entry.line}"

    def page(self) -> str:
        item = self.value
        return item_html(item, self.items.titles[item.benchmark]) if item else "<p>Choose other questions.</p>"

    def html(self) -> str:
        return self._table()._repr_html_()

    def text(self) -> str:
        return repr(self._table())

    def _table(self) -> Table:
        """Of each benchmark some that got better, got worse, or are still wrong; else the first ones."""
        rows = tuple(
            (self.items.titles[name], *_cells(entry.read())) for name in self.items.titles for entry in self._some(name)
        )
        return Table("Some items of each benchmark", _HEADS, rows)

    def _some(self, name: str) -> list[Entry]:
        every = self.items.find(Filter(name))
        kinds = (BETTER, WORSE, "wrong")
        telling = {
            id(entry): entry
            for kind in kinds
            for entry in [one for one in every if kind in one.said("verdict", "trained" if kind == "wrong" else "")][
                :_STATIC
            ]
        }
        return list(telling.values()) or every[:_STATIC]


def _cells(item: Item) -> tuple[str, ...]:
    said = (f"{_joined(answers_of(row))} ({verdict(row)})" if row else "not asked" for row in map(item.rows.get, WHO))
    return (str(item.row["leaf"]), _joined(turns_of(item.row)), _joined(expected_of(item.row)), *said)


def _joined(texts: list[str]) -> str:
    return " / ".join(texts)
