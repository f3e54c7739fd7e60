"""What came of asking models: for a manifest, and for the folders where results lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import NotFoundError
from workbench.evaluation.examination import Examination
from workbench.evaluation.metrics import estimated_tokens, model_metrics
from workbench.evaluation.options import BENCHMARKS
from workbench.evaluation.plan import Plan
from workbench.evaluation.results import Result, headline, result
from workbench.records import read_json, write_json
from workbench.workspace import Workspace

# The phases of a trained run, and how many tokens they were expected to read.
Tokens = tuple[Sequence[Mapping[str, Any]], int | None]
NO_TOKENS: Tokens = ((), None)


@dataclass(frozen=True)
class Findings:
    """`results` by benchmark; `learning` is the record of what was learned, empty where nobody looked."""

    plan: Plan
    results: dict[str, Result]
    tokens: Tokens = NO_TOKENS
    learning: Mapping[str, Any] | None = None

    def record(self) -> dict[str, Any]:
        """What a manifest says of an evaluation."""
        return {
            "models": self._names,
            "benchmarks": self.results,
            "skipped": self.plan.skipped,
            "headline": headline(self.results),
            "learning": self.learning,
            "model_metrics": model_metrics(self.results, *self.tokens),
        }

    def write(self, folder: Path) -> None:
        """`<benchmark>.json` each."""
        for name, found in self.results.items():
            write_json(folder / f"{name}.json", {"benchmark": name, "models": self._names, **found})

    def shelve(self, folder: Path) -> None:
        """Into a trained run's `Eval/`, or below it for a checkpoint: the results, the metrics of all that it was ever
        asked, and what was learned."""
        self.write(folder)
        write_json(folder / "model_metrics.json", model_metrics(_kept(folder), *self.tokens))
        if self.learning and self.learning["leaves"]:
            write_json(folder / "learning.json", self.learning)

    @property
    def _names(self) -> dict[str, str]:
        return {subject.who: subject.name for subject in self.plan.models.subjects}


def results_of(plan: Plan, examination: Examination) -> dict[str, Result]:
    """By benchmark, of all items that are finished."""
    whos = [subject.who for subject in plan.models.subjects]
    return {
        asked.name: result(asked, {who: examination.rows(asked, who) for who in whos if plan.asks(asked, who)})
        for asked in plan.benchmarks
    }


def tokens_of(manifest: Mapping[str, Any], workspace: Workspace) -> Tokens:
    """The phases of a trained run, and the tokens that they were to read, where its data run is still there."""
    source = manifest.get("data", {}).get("id", "")
    try:
        data = workspace.get("synthetic_data", source).manifest if source else {}
    except NotFoundError:
        data = {}
    phases, once = manifest.get("phases", []), data.get("data_metrics", {}).get("tokens", {}).get("training_phases", {})
    return phases, estimated_tokens(phases, once)


def _kept(folder: Path) -> dict[str, Result]:
    """The results of this and earlier evaluations, the newest of each benchmark."""
    found = {name: folder / f"{name}.json" for name in BENCHMARKS}
    return {name: read_json(path) for name, path in found.items() if path.is_file()}
