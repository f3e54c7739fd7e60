"""What an evaluation found, for a person: a table for each benchmark, and the items behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import NotFoundError
from workbench.evaluation.benchmarks import WHO, Who, benchmark
from workbench.evaluation.examination import journal_path
from workbench.evaluation.items import Items
from workbench.evaluation.journal import read_rows
from workbench.evaluation.lines import leaf_lines, verdict, whole_lines
from workbench.runs import Run
from workbench.taxonomy.markup import paragraph, table

_COLUMNS = ("Base", "Trained", "Change", "In words")


@dataclass(frozen=True, repr=False)
class Report:
    """A finished evaluation; `manifest` is its plain data."""

    manifest: Mapping[str, Any]
    artifacts: Path

    @classmethod
    def of(cls, run: Run) -> "Report":
        """Of an evaluation, or of an alignment that ended in one; NotFoundError while it is not done, and when it has
        been deleted."""
        if not run.folder.is_dir():
            raise NotFoundError(
                f"the evaluation {run.folder.name} is gone: there is no folder {run.folder}",
                hint="evaluate the model again: workbench model evaluate",
            )
        manifest = run.manifest
        if "evaluation" in manifest:
            return cls(manifest["evaluation"], run.artifacts / "evaluation")
        return cls(manifest, run.artifacts)

    @property
    def benchmarks(self) -> dict[str, Any]:
        found: dict[str, Any] = self.manifest["benchmarks"]
        return found

    @property
    def headline(self) -> str:
        """The proof's figures as a sentence; empty when it was not asked."""
        figures = self.manifest["headline"]
        who = ("the base", "the trained model") if self._compared else ("", "the model")
        shares = {
            who[0]: figures["base_accuracy"],
            who[1]: figures["trained_accuracy"],
            f"{who[0] or who[1]} with the passage before it": figures["reading_accuracy"],
        }
        said = [f"{name} {_percent(share)}" for name, share in shares.items() if share is not None]
        return f"Proof questions answered right: {', '.join(said)}. Guessing gets 25 %." if said else ""

    def items(self, name: str, model: Who = "trained", leaf: str = "") -> Items:
        """What one model said to each question, of one leaf or all; NotFoundError for what was not asked."""
        found = self.benchmarks.get(name)
        if found is None or model not in found:
            asked = ", ".join(self.benchmarks)
            raise NotFoundError(
                f"{name} was not asked of the {model} model", hint=f"{asked} were asked, of base or trained"
            )
        if leaf and leaf not in found["leaves"]:
            raise NotFoundError(f"{name} has no leaf {leaf}", hint=f"it has {', '.join(found['leaves'])}")
        path = journal_path(self.artifacts, name, model)
        rows = read_rows(path).values()
        if not rows:
            raise NotFoundError(
                f"{path} holds no item, but {found[model]['items']} were asked",
                hint="evaluate the model again under another name: workbench model evaluate --name NAME",
            )
        title = f"{found['title']}, {model} model" + (f", {leaf}" if leaf else "")
        chosen = (row for row in rows if leaf in ("", row["leaf"]))
        return Items(title, tuple(sorted(chosen, key=lambda row: str(row["leaf"]))))

    @property
    def metrics(self) -> dict[str, Any]:
        """The managed service's `model_metrics`."""
        found: dict[str, Any] = self.manifest["model_metrics"]
        return found

    def __str__(self) -> str:
        parts = [self.headline] if self.headline else []
        for name, found in self.benchmarks.items():
            parts.append(f"{found['title']} ({name})\n" + _aligned([self._columns(found), *self._rows(found)]))
        parts += [f"{benchmark(name).title} ({name}) was left out: {why}" for name, why in self._skipped()]
        return "\n\n".join([*parts, _NOTE])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        parts = [paragraph(self.headline)] if self.headline else []
        parts += [table(found["title"], self._columns(found), self._rows(found)) for found in self.benchmarks.values()]
        parts += [paragraph(f"{benchmark(name).title}: left out, {why}.") for name, why in self._skipped()]
        return "".join([*parts, paragraph(_NOTE)])

    @property
    def _compared(self) -> bool:
        return "base" in self.manifest["models"]

    def _columns(self, found: Mapping[str, Any]) -> tuple[str, ...]:
        return ("Subject" if "set" in found else "Leaf", *(_COLUMNS if self._compared else ("Model",)))

    def _rows(self, found: Mapping[str, Any]) -> list[tuple[str, ...]]:
        lines = {**leaf_lines(found), **whole_lines(found)}
        rows = [_row(name, models, found) for name, models in lines.items()]
        return rows if self._compared else [(name, trained) for name, _, trained, *_ in rows]

    def _skipped(self) -> list[tuple[str, str]]:
        return list(self.manifest.get("skipped", {}).items())


_NOTE = (
    "In brackets are 95 % intervals. A change counts as better or worse when its interval leaves out zero; everything "
    "else is the same within noise."
)


def _row(name: str, models: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[str, ...]:
    scores = [_score(models[who], found["scale"]) if who in models else "not asked" for who in WHO]
    return (name, *scores, _change(models.get("change"), found["scale"]), verdict(name, models, found))


def _score(score: Mapping[str, Any], scale: Mapping[str, Any]) -> str:
    failed = f", {score['failed']} failed" if score["failed"] else ""
    if score["score"] is None:
        return f"none of {score['items']} could be scored"
    low, high = score["interval"]
    if scale["high"] != 1:
        return f"{score['score']:.1f} ({low:.1f} to {high:.1f}) of {scale['high']:g}{failed}"
    right = f", {score['right']} of {score['items'] - score['failed']}{failed}" if "right" in score else ""
    return f"{_percent(score['score'])} ({_bare(low)} to {_bare(high)}){right}"


def _change(change: Mapping[str, Any] | None, scale: Mapping[str, Any]) -> str:
    if not change or change["difference"] is None:
        return ""
    low, high = change["interval"]
    if scale["high"] == 1:
        # Whole numbers, so that nothing is said to be -0.
        points, low, high = (round(100 * share) for share in (change["difference"], low, high))
        return f"{points:+d} points ({low:+d} to {high:+d})"
    return f"{change['difference']:+.1f} ({low:+.1f} to {high:+.1f})"


def _percent(share: float) -> str:
    return f"{_bare(share)} %"


def _bare(share: float) -> str:
    return f"{100 * share:.0f}"


def _aligned(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
