"""A taxonomy as a tree: folders, leaves with kind and size, and what happened to them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.errors import TaxonomyError
from workbench.plots.figure import Figure, Grid, draw, nothing
from workbench.plots.style import BEFORE, BLUE, FAINT, GREEN, INK, ORANGE, PALE_BLUE, PALE_ORANGE, QUIET
from workbench.plots.wording import count, listed
from workbench.taxonomy.tree import Leaf

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE, _AROUND = 0.27, 0.3
# Widths as parts of the figure's: a level of folders, a letter of a name, the columns behind the names.
_STEP, _LETTER = 0.028, 0.0094
_KIND, _PAIRS, _STATUS = 0.13, 0.1, 0.11
_SHORTEST, _LONGEST = 0.06, 0.3
_STATUS_COLOURS = {"added": GREEN, "untracked": GREEN, "modified": ORANGE, "renamed": BLUE}


@dataclass(frozen=True)
class _Row:
    """One line of the tree: a folder, or a leaf with kind, size and status; `parent` is the line that it hangs on."""

    depth: int
    name: str
    parent: int
    kind: str = ""
    size: int = 0
    status: str = ""

    @property
    def leaf(self) -> bool:
        return bool(self.kind)


def taxonomy_tree(leaves: Iterable[Leaf | Mapping[str, Any]], statuses: Mapping[str, str] | None = None) -> Figure:
    """One line a folder or leaf; a taxonomy's leaves, or mappings with `path`, `kind`, `size` (pairs), and `status`.

    `statuses` by leaf path (added, modified, renamed, untracked) are those of a diff; other leaves have none.
    """
    found = [_plain(leaf) for leaf in leaves]
    if not found:
        return nothing("The taxonomy has no leaves yet.")
    found = [leaf | {"status": (statuses or {}).get(leaf["path"], leaf.get("status", ""))} for leaf in found]
    rows = _rows(sorted(found, key=lambda leaf: str(leaf["path"]).split("/")))
    return draw(Grid(_LINE * len(rows) + _AROUND), lambda panels: _paint(panels[0], rows), _caption(found))


def _plain(leaf: Leaf | Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(leaf, Leaf):
        return dict(leaf)
    try:
        qna = leaf.qna()
    except TaxonomyError:
        return {"path": leaf.path, "kind": "unreadable", "size": 0}
    return {"path": leaf.path, "kind": qna.form, "size": qna.pairs}


def _rows(leaves: Sequence[Mapping[str, Any]]) -> list[_Row]:
    rows: list[_Row] = []
    lines: dict[tuple[str, ...], int] = {}
    for leaf in leaves:
        parts = tuple(leaf["path"].split("/"))
        for depth in range(1, len(parts) + 1):
            folder = parts[:depth]
            if folder in lines:
                continue
            said = (leaf["kind"], leaf.get("size", 0), leaf["status"]) if folder == parts else ("", 0, "")
            lines[folder] = len(rows)
            rows.append(_Row(depth - 1, folder[-1], lines.get(folder[:-1], -1), *said))
    return rows


def _caption(leaves: Sequence[Mapping[str, Any]]) -> str:
    kinds = Counter(leaf["kind"] for leaf in leaves)
    changed = Counter(leaf["status"] for leaf in leaves if leaf["status"])
    pairs = sum(leaf.get("size", 0) for leaf in leaves)
    said = [f"{count(len(leaves), 'leaf', 'leaves')} with {count(pairs, 'question-answer pair')}"]
    said.append(listed([_counted(number, kind) for kind, number in sorted(kinds.items())]))
    said.append(listed([f"{number} {status}" for status, number in sorted(changed.items())]))
    return "; ".join(part for part in said if part) + "."


def _counted(number: int, kind: str) -> str:
    return count(number, kind) if kind.endswith("skill") else count(number, f"{kind} leaf", f"{kind} leaves")


def _paint(panel: "Axes", rows: Sequence[_Row]) -> None:
    panel.set_axis_off()
    panel.set_xlim(0, 1)
    panel.set_ylim(len(rows) - 0.5, -0.5)
    largest = max(row.size for row in rows) or 1
    behind = 0.04 + max(row.depth * _STEP + len(row.name) * _LETTER for row in rows)
    room = 1 - behind - _KIND - _PAIRS - (_STATUS if any(row.status for row in rows) else 0)
    longest = max(_SHORTEST, min(_LONGEST, room))
    for line, row in enumerate(rows):
        _branch(panel, line, row, rows)
        panel.text(
            row.depth * _STEP, line, row.name, va="center_baseline",
            color=INK if row.leaf else QUIET, fontweight="bold" if row.leaf else "normal",
        )  # fmt: skip
        if row.leaf:
            _leaf(panel, (behind, line), row, longest * row.size / largest)
            _status(panel, (behind + _KIND + longest + _PAIRS, line), row.status)


def _branch(panel: "Axes", line: int, row: _Row, rows: Sequence[_Row]) -> None:
    """A thin elbow from the folder above to the name."""
    if row.parent < 0:
        return
    left = rows[row.parent].depth * _STEP + _STEP * 0.3
    panel.plot([left, left, left + _STEP * 0.5], [row.parent + 0.35, line, line], color=FAINT, linewidth=1.0, zorder=0)


def _leaf(panel: "Axes", place: tuple[float, int], row: _Row, width: float) -> None:
    left, line = place
    panel.text(left, line, row.kind, va="center_baseline", color=QUIET)
    left += _KIND
    colour = PALE_BLUE if row.kind == "knowledge" else PALE_ORANGE
    panel.barh(line, width, left=left, height=0.55, color=colour)
    panel.text(left + width + 0.008, line, count(row.size, "pair"), va="center_baseline", color=INK)


def _status(panel: "Axes", place: tuple[float, int], status: str) -> None:
    if status:
        left, line = place
        panel.plot([left], [line], marker="o", markersize=6, color=_STATUS_COLOURS.get(status, BEFORE), clip_on=False)
        panel.text(left + 0.012, line, status, va="center_baseline", color=INK)
