"""What the embedded teacher and critic keep of the sample: true to its documents, and nothing twice."""

from itertools import combinations
from pathlib import Path

import pytest
from rouge_score.rouge_scorer import RougeScorer

from tests.conftest import Measure
from workbench.cli.tour_summary import kept_pairs
from workbench.generation.options import GenerationOptions
from workbench.jobs.job import start
from workbench.records import read_jsonl
from workbench.runs import Run
from workbench.taxonomy.sample import lay_out_sample
from workbench.workspace import Workspace

pytestmark = pytest.mark.prove

TWIN = 0.9


def repeated(run: Run) -> tuple[int, int]:
    """How many kept samples are near-duplicates of an earlier one of their leaf, and how many there are."""
    scorer = RougeScorer(["rougeL"])
    twins: set[str] = set()
    count = 0
    for leaf in run.manifest["leaves"]:
        samples = list(read_jsonl(run.artifacts / f"{leaf['path']}.jsonl"))
        count += len(samples)
        for first, second in combinations(samples, 2):
            texts = [" ".join((one["context"] * (one["kind"] == "grounded"), one["question"], one["answer"]))
                     for one in (first, second)]  # fmt: skip
            if scorer.score(*texts)["rougeL"].fmeasure >= TWIN:
                twins.add(second["id"])
    return len(twins), count


def test_kept_pairs_are_true_and_differ(tmp_path: Path, measured: Measure) -> None:
    workspace = Workspace.find(tmp_path / "workspace")
    lay_out_sample(workspace)
    run = start("generate", GenerationOptions(num_instructions=30), workspace=workspace, name="demo").wait().run
    pairs, share = kept_pairs(run)
    twins, count = repeated(run)
    measured("Kept knowledge pairs that are true, 30 for each leaf", f"{100 * (share or 0):.1f} % of {pairs}", "80 %")
    measured("Near-duplicates among kept samples, 30 for each leaf", f"{twins} of {count}", "at most 2 %")
    assert share
    assert share >= 0.8
    assert twins <= 0.02 * count
