"""The proof of learning as a page: each leaf before and after, what was forgotten, and why the rest was not learned."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from workbench.evaluation.benchmarks import WHO, Who
from workbench.evaluation.verdicts import FORGOTTEN, KINDS, KNEW, LEARNED, NOT_LEARNED, PARTLY, UNSURE, VERDICTS
from workbench.runs import Run
from workbench.taxonomy.markup import paragraph

CAUSE_TITLES = {
    "too_few_samples": "too few samples",
    "loss_still_falling": "the loss was still falling",
    "samples_truncated": "samples were left out for their length",
    "wrong_template_or_mask": "wrong template or mask",
    "rate_too_small": "a rate far too small",
    "data_not_true": "data not true to the document",
}
_SIGNS = {LEARNED: "\N{CHECK MARK}", PARTLY: "\N{CIRCLE WITH LEFT HALF BLACK}", NOT_LEARNED: "\N{MULTIPLICATION SIGN}",
          KNEW: "=", FORGOTTEN: "\N{DOWNWARDS ARROW}", UNSURE: "?"}  # fmt: skip
_ROWS = "Training rows"
_ALL = "All: \N{WHITE CIRCLE} base, \N{BLACK CIRCLE} trained"
_ARROW = "\N{RIGHTWARDS ARROW}"
_NOTE = (
    "Right answers of the base and of the trained model in percent, and the number of questions. A verdict other than "
    "“cannot say” needs a difference or a level that 95 % intervals leave no doubt of; for them questions about the "
    "same thing count as one. Training rows are asked again word for word and count in no verdict: a model that does "
    "not know these was not reached by its training, and one that knows these alone learned them by rote."
)
# JupyterLab makes all columns of a table equally wide, and pictures narrower than their column.
_TABLE = "border-collapse:collapse;table-layout:auto;width:100%;font-variant-numeric:tabular-nums"
_BAR = "display:block;width:160px;max-width:none;height:18px"
_CELL = (
    "text-align:left;vertical-align:middle;padding:0.35em 0.9em 0.35em 0;border-bottom:1px solid rgba(128,128,128,.3)"
)
_QUIET = "opacity:.7;font-size:.9em"
_BADGE = "white-space:nowrap;border:1px solid;border-radius:1em;padding:.1em .7em"
_AFTER, _BEFORE = "#2f80c9", "#8c96a1"


@dataclass(frozen=True, repr=False)
class Learning:
    """`record` is the manifest's `learning`."""

    record: Mapping[str, Any]

    @classmethod
    def of(cls, run: Run) -> "Learning":
        """Of a finished evaluation, or of an alignment that ended in one."""
        return cls.read(run.manifest.get("evaluation", run.manifest))

    @classmethod
    def read(cls, manifest: Mapping[str, Any]) -> "Learning":
        """Of its manifest; a page that says so where it was made before there was a proof of learning."""
        return cls(manifest.get("learning") or {**_NOTHING, "missing": _OLD})

    @property
    def leaves(self) -> dict[str, dict[str, Any]]:
        """By path: `verdict`, `reason`, `base` and `trained` scores, the same by kind of question, `cause`."""
        return dict(self.record["leaves"])

    @property
    def causes(self) -> dict[str, dict[str, Any]]:
        """The likely cause of each leaf that was not learned and has one."""
        return {leaf: found["cause"] for leaf, found in self.leaves.items() if found["cause"]}

    @property
    def headline(self) -> str:
        """How many leaves were learned and what was forgotten, in a sentence or two."""
        if not self.leaves:
            return str(self.record["missing"])
        counts = Counter(found["verdict"] for found in self.leaves.values())
        told = [f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict]]
        leaves = "1 leaf" if len(self.leaves) == 1 else f"{len(self.leaves)} leaves"
        return " ".join(filter(None, [f"Of {leaves}: {', '.join(told)}.", self.general]))

    @property
    def general(self) -> str:
        """What the general questions say of what was forgotten."""
        found = self.record["general"]
        if not found:
            return "General questions were not asked of both models, so what else was forgotten is not known."
        course = f"{found['title']}: {_percent(found['base'])} before, {_percent(found['trained'])} now"
        if found["change"]["verdict"] == "worse":
            which = f", in {', '.join(found['worse'])} above all" if found["worse"] else ""
            return f"{course}: some of it was forgotten{which}."
        single = f", but {', '.join(found['worse'])} got worse" if found["worse"] else ""
        better = found["change"]["verdict"] == "better"
        return f"{course}: {'better than before' if better else 'no loss that shows'}{single}."

    def __str__(self) -> str:
        heads, rows = self._table()
        lines = [self.headline]
        if rows:
            widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
            lines += ["", *("  ".join(map(str.ljust, row, widths)).rstrip() for row in (heads, *rows))]
        for leaf, title, evidence, remedy in self._reasons():
            lines += ["", f"{leaf}: {title}", *(f"  {text}" for text in (evidence, remedy) if text)]
        return "\n".join([*lines, *(["", self.record["unknown"]] if self.record["unknown"] else [])])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        heads, rows = self._table()
        parts = [f'<p style="font-size:1.1em">{escape(self.headline)}</p>']
        if rows:
            bars = [_bar(found) for found in self.leaves.values()]
            head = "".join(map(_head, (*heads[:2], _ALL, *heads[3:])))
            body = "".join(_line(row, bar) for row, bar in zip(rows, bars, strict=True))
            parts.append(f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>')
        parts += [_card(*reason) for reason in self._reasons()]
        parts += [paragraph(self.record["unknown"])] if self.record["unknown"] else []
        return "".join([*parts, f'<p style="{_QUIET}">{escape(_NOTE)}</p>' if rows else ""])

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        kinds = [kind for kind in KINDS if any(kind in found["kinds"] for found in self.leaves.values())]
        rehearsal = self.record["rehearsal"]
        heads = ("Leaf", "Verdict", "All", *(KINDS[kind] for kind in kinds), *([_ROWS] if rehearsal else []))
        rows = []
        for leaf, found in self.leaves.items():
            cells = [_cell(found["kinds"].get(kind, {})) for kind in kinds]
            own = [_shares(rehearsal.get(leaf, {}))] if rehearsal else []
            rows.append((leaf, f"{_SIGNS[found['verdict']]} {found['verdict']}", _cell(found), *cells, *own))
        return heads, rows

    def _reasons(self) -> Iterator[tuple[str, str, str, str]]:
        """Leaf, likely cause, what was measured, and what to do."""
        for leaf, found in self.leaves.items():
            verdict, reason = found["verdict"], found["reason"]
            if cause := found["cause"]:
                told = _LACKING if verdict == UNSURE else verdict
                title = f"{told}, likely because: {CAUSE_TITLES[cause['name']]}"
                yield leaf, title, cause["evidence"], cause["remedy"]
            elif found["unexplained"]:
                yield leaf, verdict, found["unexplained"], ""
            elif verdict in _ADVICE:
                advice = _ADVICE[verdict] if found["base"] else _BASELESS
                yield leaf, verdict, f"{reason[:1].upper()}{reason[1:]}.", advice


_NOTHING: dict[str, Any] = {"leaves": {}, "general": None, "rehearsal": {}, "unknown": "", "missing": ""}
_OLD = (
    "This evaluation was made without a proof of learning. Evaluate the model again under another name: "
    "workbench model evaluate --name NAME."
)
_LACKING = "less than half was learned"
_BASELESS = "Evaluate again with base_model, the model that it was trained from."
_ADVICE = {
    UNSURE: "Hold out more questions: heldout_share 0.2, or more num_instructions.",
    FORGOTTEN: "Train for fewer epochs or at a lower rate, and keep the replay rows of the data run.",
}


def _cell(found: Mapping[str, Any]) -> str:
    """`12 → 96 % of 48`."""
    if not found or not found.get("trained"):
        return "not asked"
    scores = {who: found[who]["score"] for who in WHO if found.get(who)}
    return f"{_shares(scores)} of {found['trained']['items']}"


def _shares(scores: Mapping[Who, float | None]) -> str:
    shares = [scores[who] for who in WHO if scores.get(who) is not None]
    return (
        f" {_ARROW} ".join(f"{100 * share:.0f}" for share in shares if share is not None) + " %"
        if shares
        else "not asked"
    )


def _percent(share: float | None) -> str:
    return "nothing" if share is None else f"{100 * share:.0f} %"


def _head(name: str) -> str:
    return f'<th scope="col" style="{_CELL}">{escape(name)}</th>'


def _line(row: Sequence[str], bar: str) -> str:
    leaf, verdict, whole, *others = row
    folder, _, name = leaf.rpartition("/")
    named = f'<span style="{_QUIET}">{_breakable(folder)}/</span><br><b>{escape(name)}</b>' if folder else escape(leaf)
    badge = f'<span style="{_BADGE}">{escape(verdict)}</span>'
    cells = [named, badge, f'{bar}<span style="{_QUIET}">{escape(whole)}</span>', *map(_figures, others)]
    return "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells) + "</tr>"


def _breakable(path: str) -> str:
    """A path that may go on in the next line behind its slashes."""
    return escape(path).replace("/", "/<wbr>")


def _figures(cell: str) -> str:
    """The shares on a line of their own, above how many questions there were."""
    shares, _, number = cell.partition(" of ")
    below = f'<br><span style="{_QUIET}">of {escape(number)}</span>' if number else ""
    return f'<span style="white-space:nowrap">{escape(shares)}</span>{below}'


def _bar(found: Mapping[str, Any]) -> str:
    """A scale from 0 to 100 %: the open dot is the base, the full one the trained model with its interval."""
    marks = []
    for who, color, height in (("base", _BEFORE, 5), ("trained", _AFTER, 13)):
        if score := found.get(who):
            low, high = (4 + 152 * end for end in score["interval"])
            fill = color if who == "trained" else "none"
            marks.append(
                f'<line x1="{low:.0f}" x2="{high:.0f}" y1="{height}" y2="{height}" stroke="{color}" stroke-width="2"/>'
                f'<circle cx="{4 + 152 * score["score"]:.0f}" cy="{height}" r="3.5" stroke="{color}" '
                f'stroke-width="2" fill="{fill}"/>'
            )
    scale = '<line x1="4" x2="156" y1="9" y2="9" stroke="currentColor" stroke-opacity=".2"/>'
    return f'<svg viewBox="0 0 160 18" aria-hidden="true" style="{_BAR}">{scale}{"".join(marks)}</svg>'


def _card(leaf: str, title: str, evidence: str, remedy: str) -> str:
    parts = [f"<b>{escape(leaf)}</b>: {escape(title)}", escape(evidence)]
    parts += [f"<b>Next:</b> {escape(remedy)}"] if remedy else []
    style = "border-left:3px solid #d0661c;padding:.1em 0 .1em .9em;margin:.8em 0"
    return f'<div style="{style}">{"<br>".join(parts)}</div>'
