"""How long questions and answers are, leaf by leaf."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.messages import first_user, last_assistant
from workbench.plots.figure import Figure, Grid, draw, nothing
from workbench.plots.leaf_lines import leaf_lines
from workbench.plots.style import BLUE, FAINT, ORANGE, PAPER, QUIET
from workbench.plots.wording import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW, _AROUND = 0.56, 0.85
_PARTS = {"question": (BLUE, -0.17), "answer": (ORANGE, 0.17)}
_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000)
_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class _Spread:
    """Lengths in characters at 5, 25, 50, 75 and 95 % of the texts."""

    low: float
    lower: float
    middle: float
    upper: float
    high: float

    @classmethod
    def of(cls, lengths: Iterable[int]) -> "_Spread":
        ordered = sorted(lengths)
        return cls(*(_at(ordered, share) for share in _SHARES))

    def __str__(self) -> str:
        return f"{self.middle:.0f} (mostly {self.low:.0f} to {self.high:.0f})"


def lengths(rows: Iterable[Mapping[str, Any]]) -> Figure:
    """Characters of questions and answers by leaf, on a logarithmic scale.

    Rows are samples with `leaf`, `question` and `answer`, or training rows with `messages`.
    The dot is the median, the thick line spans the middle half of the texts, the thin one the middle nine tenths.
    """
    texts = _texts(rows)
    if not texts:
        return nothing("There are no questions and answers yet.")
    spreads = {name: {part: _Spread.of(found[part]) for part in _PARTS} for name, found in _by_line(texts).items()}
    height = _ROW * len(spreads) + _AROUND
    return draw(Grid(height), lambda panels: _paint(panels[0], spreads), _caption(texts))


def _texts(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        leaf, *texts = _plain(row)
        lengths_of = found.setdefault(leaf, {part: [] for part in _PARTS})
        for part, text in zip(_PARTS, texts, strict=True):
            lengths_of[part].append(max(1, len(text)))
    return dict(sorted(found.items()))


def _by_line(texts: Mapping[str, Mapping[str, Sequence[int]]]) -> dict[str, dict[str, list[int]]]:
    """The lengths of leaves that share a line together."""
    names = leaf_lines(list(texts))
    found: dict[str, dict[str, list[int]]] = {}
    for leaf, lengths_of in texts.items():
        line = found.setdefault(names[leaf], {part: [] for part in _PARTS})
        for part in _PARTS:
            line[part] += lengths_of[part]
    return found


def _plain(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Leaf, question and answer; a training row names its leaf in its metadata, or at least the data set."""
    if "messages" not in row:
        return row["leaf"], row["question"], row["answer"]
    metadata = json.loads(row.get("metadata") or "{}")
    leaf = metadata.get("leaf") or metadata.get("dataset") or "no leaf"
    return leaf, first_user(row["messages"]), last_assistant(row["messages"])


def _at(ordered: Sequence[int], share: float) -> float:
    """The quantile, between two values in proportion."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _caption(texts: Mapping[str, Mapping[str, Sequence[int]]]) -> str:
    whole = {part: _Spread.of(length for found in texts.values() for length in found[part]) for part in _PARTS}
    number = sum(len(found["question"]) for found in texts.values())
    return (
        f"{count(number, 'pair')} of {count(len(texts), 'leaf', 'leaves')}. In the median a question has "
        f"{whole['question']} characters, an answer {whole['answer']}. The dot is the median, the thick line "
        "the middle half, the thin line nine tenths."
    )


def _paint(panel: "Axes", spreads: Mapping[str, Mapping[str, _Spread]]) -> None:
    for place, found in enumerate(spreads.values()):
        for part, (colour, aside) in _PARTS.items():
            _spread(panel, place + aside, found[part], colour)
    panel.set_yticks(range(len(spreads)), list(spreads))
    panel.set_ylim(len(spreads) - 0.5, -0.5)
    _scale(panel, [each for found in spreads.values() for each in found.values()])
    for part, (colour, _) in _PARTS.items():
        panel.plot([], [], color=colour, linewidth=5, label=f"{part}s")
    panel.annotate(
        "median", (1.05, 1), (0, 7.5), xycoords="axes fraction", textcoords="offset points", ha="right", color=QUIET
    )
    panel.legend(loc="lower right", bbox_to_anchor=(0.97, 1.0), ncols=2, borderaxespad=0.2)


def _spread(panel: "Axes", place: float, spread: _Spread, colour: str) -> None:
    panel.plot([spread.low, spread.high], [place, place], color=colour, linewidth=1.4)
    panel.plot([spread.lower, spread.upper], [place, place], color=colour, linewidth=6.5)
    panel.plot([spread.middle], [place], marker="o", markersize=4.5, color=PAPER, markeredgecolor=colour)
    margin = panel.get_yaxis_transform()
    panel.text(1.05, place, f"{spread.middle:.0f}", transform=margin, va="center", ha="right", color=colour)


def _scale(panel: "Axes", spreads: Sequence[_Spread]) -> None:
    low, high = min(each.low for each in spreads), max(each.high for each in spreads)
    panel.set_xscale("log")
    panel.set_xlim(low / 1.3, high * 1.35)
    ticks = [tick for tick in _TICKS if low / 1.3 <= tick <= high * 1.35]
    panel.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    panel.set_xticks([], minor=True)
    panel.set_xlabel("characters", color=QUIET)
    panel.grid(axis="x", color=FAINT)
    panel.tick_params(length=0)
    panel.spines["left"].set_visible(False)
    panel.spines["bottom"].set_visible(False)
