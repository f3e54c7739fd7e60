"""A taxonomy as a tree: folders, leaves with kind and size, what happened to them, and whether they are valid."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.errors import TaxonomyError
from workbench.plots.figure import Figure, Grid, draw, nothing
from workbench.plots.folding import folded
from workbench.plots.style import BEFORE, BLUE, FAINT, GREEN, INK, ORANGE, PALE_BLUE, PALE_ORANGE, QUIET
from workbench.plots.wording import count, listed
from workbench.taxonomy.findings import Finding, Findings
from workbench.taxonomy.tree import Leaf

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE, _AROUND = 0.27, 0.3
# Widths as parts of the figure's: a level of folders, a letter of a name, the columns behind the names.
_STEP, _LETTER, _BOLD = 0.028, 0.0094, 0.0106
_KIND, _PAIRS, _STATUS, _VERDICT = 0.13, 0.1, 0.125, 0.13
_SHORTEST, _LONGEST = 0.06, 0.3
# Shapes besides colours, and the word besides both: no status is told by one of them alone.
_MARKS = {
    "added": ("P", GREEN),
    "untracked": ("P", GREEN),
    "modified": ("o", ORANGE),
    "renamed": ("D", BLUE),
}
_SEVERITIES = (("error", "X", ORANGE), ("warning", "^", BEFORE), ("advice", "v", BEFORE))


@dataclass(frozen=True)
class _Row:
    """One line of the tree: a folder, or a leaf with kind, size and status; `parent` is the line that it hangs on."""

    depth: int
    name: str
    parent: int
    kind: str = ""
    size: int = 0
    status: str = ""
    verdict: str = ""
    leaves: int = 1

    @property
    def leaf(self) -> bool:
        return bool(self.kind)

    @property
    def single(self) -> bool:
        return self.leaf and self.leaves == 1

    @property
    def letter(self) -> float:
        """The width of one letter of the name."""
        return _BOLD if self.single else _LETTER


@dataclass(frozen=True)
class _Columns:
    """Where the columns behind the names begin, as parts of the figure's width, and how long the longest bar is."""

    kind: float
    bar: float
    longest: float
    status: float
    verdict: float


def taxonomy_tree(
    leaves: Iterable[Leaf | Mapping[str, Any]],
    statuses: Mapping[str, str] | None = None,
    findings: Iterable[Finding] | None = None,
) -> Figure:
    """One line a folder or leaf; a taxonomy's leaves, or mappings with `path`, `kind`, `size` (pairs), and `status`.

    `statuses` by leaf path (added, modified, renamed, untracked) are those of a diff; other leaves have none. With
    `findings`, each leaf also has a verdict. Of many leaves, those of a folder share a line.
    """
    found = [_plain(leaf) for leaf in leaves]
    if not found:
        return nothing("The taxonomy has no leaves yet.")
    verdicts = None if findings is None else _verdicts(found, Findings(findings))
    found = [
        leaf
        | {"status": (statuses or {}).get(leaf["path"], leaf.get("status", ""))}
        | {"verdict": verdicts[leaf["path"]] if verdicts else leaf.get("verdict", "")}
        for leaf in sorted(found, key=lambda leaf: str(leaf["path"]).split("/"))
    ]
    rows = _rows(folded(found))
    return draw(Grid(_LINE * len(rows) + _AROUND), lambda panels: _paint(panels[0], rows), _caption(found))


def _plain(leaf: Leaf | Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(leaf, Leaf):
        return dict(leaf)
    try:
        qna = leaf.qna()
    except TaxonomyError:
        return {"path": leaf.path, "kind": "unreadable", "size": 0}
    return {"path": leaf.path, "kind": qna.form, "size": qna.pairs}


def _verdicts(leaves: Sequence[Mapping[str, Any]], findings: Findings) -> dict[str, str]:
    """The worst of what was found in each leaf's folder, counted: `2 errors`, `1 warning`, or `valid`."""
    found = {leaf["path"]: [one for one in findings if one.path.rpartition("/")[0] == leaf["path"]] for leaf in leaves}
    return {path: _verdict(Counter(one.severity for one in of_leaf)) for path, of_leaf in found.items()}


def _verdict(counts: Mapping[str, int]) -> str:
    worst = next((name for name, _, _ in _SEVERITIES if counts.get(name)), "")
    return count(counts[worst], worst, "advice" if worst == "advice" else "") if worst else "valid"


def _rows(leaves: Sequence[Mapping[str, Any]]) -> list[_Row]:
    """Folders that hold nothing but one folder share its line, below the topmost, which tells the kind."""
    rows: list[_Row] = []
    lines: dict[tuple[str, ...], int] = {}
    paths = [tuple(str(leaf["path"]).split("/")) for leaf in leaves]
    for leaf, parts in zip(leaves, paths, strict=True):
        above, depth, waiting = -1, 0, ""
        for length in range(1, len(parts) + 1):
            folder = parts[:length]
            name = f"{waiting}{folder[-1]}"
            if length > 1 and folder != parts and folder not in lines and _single(folder, paths):
                waiting = f"{name}/"
                continue
            waiting = ""
            if folder not in lines:
                lines[folder] = len(rows)
                rows.append(_row(leaf if folder == parts else {}, name, depth, above))
            above, depth = lines[folder], rows[lines[folder]].depth + 1
    return rows


def _single(folder: tuple[str, ...], paths: Sequence[tuple[str, ...]]) -> bool:
    """Whether all there is in a folder lies in one folder inside it."""
    size = len(folder)
    inside = {path[: size + 1] for path in paths if path[:size] == folder}
    return len(inside) == 1 and not inside & set(paths)


def _row(leaf: Mapping[str, Any], name: str, depth: int, parent: int) -> _Row:
    if not leaf:
        return _Row(depth, name, parent)
    said = (leaf["kind"], leaf.get("size", 0), leaf["status"], leaf["verdict"], leaf.get("leaves", 1))
    return _Row(depth, name, parent, *said)


def _caption(leaves: Sequence[Mapping[str, Any]]) -> str:
    kinds = Counter(leaf["kind"] for leaf in leaves)
    changed = Counter(leaf["status"] for leaf in leaves if leaf["status"])
    pairs = sum(leaf.get("size", 0) for leaf in leaves)
    said = [f"{count(len(leaves), 'leaf', 'leaves')} with {count(pairs, 'question-answer pair')}"]
    said.append(listed([_counted(number, kind) for kind, number in sorted(kinds.items())]))
    said.append(listed([f"{number:,} {status}" for status, number in sorted(changed.items())]))
    if any(leaf["verdict"] for leaf in leaves):
        wrong = [leaf["path"] for leaf in leaves if "error" in leaf["verdict"]]
        said.append(f"errors in {listed(wrong[:3])}{_more(wrong[3:])}" if wrong else "all valid")
    return "; ".join(part for part in said if part) + "."


def _more(paths: Sequence[str]) -> str:
    return f" and {len(paths)} more" if paths else ""


def _counted(number: int, kind: str) -> str:
    return count(number, kind) if kind.endswith("skill") else count(number, f"{kind} leaf", f"{kind} leaves")


def _paint(panel: "Axes", rows: Sequence[_Row]) -> None:
    panel.set_axis_off()
    panel.set_xlim(0, 1)
    panel.set_ylim(len(rows) - 0.5, -0.5)
    columns = _columns(rows)
    largest = max((row.size for row in rows if row.leaves == 1), default=0) or 1
    for line, row in enumerate(rows):
        _branch(panel, line, row, rows)
        room = int((columns.kind - row.depth * _STEP) / row.letter)
        name = row.name if len(row.name) <= room else f"{row.name[: room - 1]}…"
        panel.text(
            row.depth * _STEP, line, name, va="center_baseline", fontstyle="normal" if row.leaves == 1 else "italic",
            color=INK if row.leaf else QUIET, fontweight="bold" if row.single else "normal",
        )  # fmt: skip
        if row.leaf:
            _leaf(panel, line, row, columns, largest)


def _columns(rows: Sequence[_Row]) -> _Columns:
    """Names take what they need, as long as the shortest bars still fit behind them."""
    behind = (_STATUS if any(row.status for row in rows) else 0) + (_VERDICT if any(row.verdict for row in rows) else 0)
    widest = 1 - _KIND - _PAIRS - behind - _SHORTEST
    kind = min(widest, 0.04 + max(row.depth * _STEP + len(row.name) * row.letter for row in rows))
    longest = max(_SHORTEST, min(_LONGEST, 1 - kind - _KIND - _PAIRS - behind))
    status = kind + _KIND + longest + _PAIRS
    return _Columns(kind, kind + _KIND, longest, status, status + (_STATUS if any(row.status for row in rows) else 0))


def _branch(panel: "Axes", line: int, row: _Row, rows: Sequence[_Row]) -> None:
    """A thin elbow from the folder above to the name."""
    if row.parent < 0:
        return
    left = rows[row.parent].depth * _STEP + _STEP * 0.3
    panel.plot([left, left, left + _STEP * 0.5], [row.parent + 0.35, line, line], color=FAINT, linewidth=1.0, zorder=0)


def _leaf(panel: "Axes", line: int, row: _Row, columns: _Columns, largest: int) -> None:
    """Leaves that share a line have no bar: beside those of single leaves it would say something wrong."""
    panel.text(columns.kind, line, row.kind, va="center_baseline", color=QUIET)
    width = columns.longest * row.size / largest if row.leaves == 1 else 0.0
    colour = PALE_BLUE if row.kind == "knowledge" else PALE_ORANGE
    panel.barh(line, width, left=columns.bar, height=0.55, color=colour)
    pairs = count(row.size, "pair")
    panel.text(columns.bar + width + 0.008 * (width > 0), line, pairs, va="center_baseline", color=INK)
    marker, mark_colour = _MARKS.get(row.status, ("o", BEFORE))
    _marked(panel, (columns.status, line), row.status, marker, mark_colour)
    found = next(((marker, colour) for name, marker, colour in _SEVERITIES if name in row.verdict), ("", GREEN))
    _marked(panel, (columns.verdict, line), row.verdict, *(found if row.verdict != "no errors" else ("", GREEN)))


def _marked(panel: "Axes", place: tuple[float, int], word: str, marker: str, colour: str) -> None:
    if word:
        left, line = place
        if marker:
            panel.plot([left], [line], marker=marker, markersize=6, color=colour, clip_on=False, linestyle="none")
        panel.text(left + 0.012, line, word, va="center_baseline", color=INK)
