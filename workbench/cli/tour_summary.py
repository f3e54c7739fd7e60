"""The numbers of a tour, read from what its runs recorded."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.assets import assets_folder
from workbench.evaluation.learning import Learning
from workbench.evaluation.verdicts import LEARNED
from workbench.records import read_jsonl
from workbench.runs import KINDS, Run
from workbench.workspace import Workspace


@dataclass(frozen=True)
class Summary:
    """Shares are from 0 to 1, None for what was not asked; `minutes` were spent in the steps, `reused` of them were
    done before."""

    base_accuracy: float | None
    trained_accuracy: float | None
    kept_pairs: int
    true_share: float | None
    leaves: int
    leaves_learned: int
    minutes: float
    reused: int

    def record(self) -> dict[str, Any]:
        return asdict(self)

    def rows(self) -> list[tuple[str, str, str]]:
        """Name, figure, and what it means, for a table."""
        return [
            ("base_accuracy", _percent(self.base_accuracy), "proof questions that the base answers right"),
            ("trained_accuracy", _percent(self.trained_accuracy), "proof questions that the trained one answers right"),
            ("kept_pairs", f"{self.kept_pairs:,}", "question and answer pairs kept for the knowledge leaves"),
            ("true_share", _percent(self.true_share), "of these pairs, those that are true to the documents"),
            (
                "leaves_learned",
                f"{self.leaves_learned} of {self.leaves}",
                "leaves that were learned; 05_evaluate says why the others were not",
            ),
            ("minutes", f"{self.minutes:.1f}", "minutes spent generating, training and evaluating"),
            ("reused", f"{self.reused} of {len(KINDS)}", "steps that were done before and taken over"),
        ]

    def text(self) -> str:
        """One line a number."""
        return "\n".join(f"{name:<16}  {figure:>9}  {meaning}" for name, figure, meaning in self.rows())


def done_folders(workspace: Workspace) -> set[Path]:
    """The folders of all finished runs."""
    return {run.folder for kind in KINDS for run in workspace.runs(kind) if run.done}


def summarize(workspace: Workspace, name: str, before: set[Path]) -> Summary:
    """Of the runs last started under the name; `before` are the folders of those that were done when the tour began."""
    runs = [workspace.get(kind, name) for kind in KINDS]
    data, _, evaluation = runs
    headline = evaluation.manifest["headline"]
    kept, true = kept_pairs(data)
    verdicts = [found["verdict"] for found in Learning.of(evaluation).leaves.values()]
    return Summary(
        base_accuracy=_rounded(headline["base_accuracy"]),
        trained_accuracy=_rounded(headline["trained_accuracy"]),
        kept_pairs=kept,
        true_share=true,
        leaves=len(verdicts),
        leaves_learned=verdicts.count(LEARNED),
        minutes=round(sum(run.manifest["seconds"] for run in runs) / 60, 2),
        reused=sum(run.folder in before for run in runs),
    )


def kept_pairs(data: Run) -> tuple[int, float | None]:
    """How many pairs of knowledge leaves were kept, and which share of those with a known fact table are true."""
    from workbench.seedling.trial import is_true, read_facts

    leaves = [leaf for leaf in data.manifest["leaves"] if leaf["kind"] == "knowledge"]
    truths = []
    for leaf in leaves:
        table = assets_folder() / "facts" / (leaf["path"].replace("/", "_") + ".jsonl")
        if table.is_file():
            facts = read_facts(table)
            samples = read_jsonl(data.artifacts / f"{leaf['path']}.jsonl")
            truths += [is_true(sample["question"], sample["answer"], facts) for sample in samples]
    share = round(sum(truths) / len(truths), 4) if truths else None
    return sum(leaf["kept"] for leaf in leaves), share


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _percent(share: float | None) -> str:
    return "not asked" if share is None else f"{100 * share:.1f} %"
