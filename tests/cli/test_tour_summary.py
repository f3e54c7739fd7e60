import pytest

from workbench.alignment.options import AlignmentOptions
from workbench.cli.tour_summary import Summary, done_folders, kept_pairs, summarize
from workbench.evaluation.options import EvaluationOptions
from workbench.generation.options import GenerationOptions
from workbench.notebook import start
from workbench.workspace import Workspace


@pytest.fixture
def finished(quick: None, workspace: Workspace) -> Workspace:
    """A workspace in which the three steps are done."""
    for step, options in (
        ("generate", GenerationOptions()),
        ("train", AlignmentOptions()),
        ("evaluate", EvaluationOptions()),
    ):
        start(step, options, workspace=workspace, name="demo").wait()
    return workspace


def test_every_number_is_read_from_the_runs(finished: Workspace) -> None:
    runs = [finished.get(kind, "demo") for kind in ("synthetic_data", "trained_models", "evaluations")]
    summary = summarize(finished, "demo", {runs[0].folder})
    assert (summary.base_accuracy, summary.trained_accuracy) == (0.25, 0.95)
    assert (summary.kept_pairs, summary.true_share) == (2, 0.5)
    assert summary.minutes == round(sum(run.manifest["seconds"] for run in runs) / 60, 2)
    assert summary.reused == 1
    assert (summary.leaves, summary.leaves_learned) == (0, 0), "an evaluation without a proof of learning"
    assert summarize(finished, "demo", done_folders(finished)).reused == 3


def test_pairs_without_a_fact_table_are_not_called_true(finished: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    data = finished.get("synthetic_data", "demo")
    manifest = data.manifest | {"leaves": [{"path": "knowledge/mine", "kind": "knowledge", "kept": 4}]}
    monkeypatch.setattr(type(data), "manifest", manifest)
    assert kept_pairs(data) == (4, None)


def test_the_text_has_a_line_for_each_number() -> None:
    summary = Summary(0.2468, None, 1234, 0.9, 6, 2, 6.25, 2)
    assert summary.text().splitlines() == [
        "base_accuracy        24.7 %  proof questions that the base answers right",
        "trained_accuracy  not asked  proof questions that the trained one answers right",
        "kept_pairs            1,234  question and answer pairs kept for the knowledge leaves",
        "true_share           90.0 %  of these pairs, those that are true to the documents",
        "leaves_learned       2 of 6  leaves that were learned; 05_evaluate says why the others were not",
        "minutes                 6.2  minutes spent generating, training and evaluating",
        "reused               2 of 3  steps that were done before and taken over",
    ]
    assert list(summary.record()) == [
        *("base_accuracy", "trained_accuracy", "kept_pairs", "true_share", "leaves", "leaves_learned"),
        *("minutes", "reused"),
    ]
