"""The causes named for planted faults, as a confusion matrix.

Runs are kept in pytest's cache: what was trained and asked already is not done again, until `--cache-clear`. Their
causes are found anew each time, from the files that they left.
"""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Measure
from tests.proof.plants import PLANTS, lay_out
from workbench.alignment.align import align
from workbench.alignment.align import inputs as align_inputs
from workbench.alignment.options import AlignmentOptions
from workbench.evaluation.causes import CAUSES
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.evaluate import inputs as evaluate_inputs
from workbench.evaluation.inquiry import Examinee, learning_record
from workbench.evaluation.models import find_models
from workbench.evaluation.options import EvaluationOptions
from workbench.options import Options
from workbench.runs import Attempt, Run, Stop
from workbench.workspace import Workspace

pytestmark = pytest.mark.prove

# Thresholds were thought of and looked at on the seeds 1 to 3, two rules once more after a proof on 11 to 13.
SEEDS = (21, 22, 23)
LEARNED, NONE = "learned", "none"
NAME = "school"
OPTIONS: dict[str, type[Options]] = {"trained_models": AlignmentOptions, "evaluations": EvaluationOptions}


def done(run: Run, work: Callable[[Any, Run, Attempt, Stop], dict[str, Any]]) -> Run:
    """The step as its job does it, in this process, which has loaded torch once for all of them."""
    if not run.done:
        options = OPTIONS[run.kind].parse(run.options)
        with run.hold() as attempt:
            attempt.finish(work(options, run, attempt, Stop()))
    return run


def found(root: Path, plant: str, seed: int) -> str:
    """The cause that most leaves of a run have; `learned` where none is accused and all were, else `none`."""
    workspace = Workspace(root / f"{plant}-{seed}")
    school = lay_out(workspace, seed, PLANTS[plant])
    training = AlignmentOptions(data=NAME, **school.training)
    school.after(done(workspace.open_run("trained_models", NAME, training, align_inputs(training, workspace)), align))
    asked = ["proof", "heldout", "seeds", *(["rows"] if "messages" in school.rows[0] else [])]
    options = EvaluationOptions(model=NAME, proof=str(school.proof), benchmarks=asked)
    run = done(workspace.open_run("evaluations", NAME, options, evaluate_inputs(options, workspace)), evaluate)
    record = learning_record(
        Examinee.of(find_models(options, workspace), workspace), run.artifacts, run.manifest["benchmarks"]
    )
    leaves = record["leaves"].values()
    causes = Counter(leaf["cause"]["name"] for leaf in leaves if leaf["cause"])
    if causes:
        return str(causes.most_common(1)[0][0])
    return LEARNED if all(leaf["verdict"] == LEARNED for leaf in leaves) else NONE


def table(counts: Counter[tuple[str, str]]) -> str:
    """Planted faults by line, named causes by column."""
    names = (*CAUSES, LEARNED, NONE)
    heads = "".join(f"{name[:18]:>20}" for name in names)
    lines = [f"{plant:<24}" + "".join(f"{counts[plant, name] or '.':>20}" for name in names) for plant in PLANTS]
    return "\n".join([f"{'planted / named':<24}{heads}", *lines])


def test_planted_faults_are_named_and_no_healthy_run_is_accused(
    request: pytest.FixtureRequest, measured: Measure, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = request.config.cache
    assert cache
    root = cache.mkdir("causes")
    counts = Counter((plant, found(root, plant, seed)) for seed in SEEDS for plant in PLANTS)
    with capsys.disabled():
        sys.stdout.write(f"\n{table(counts)}\n")
    named = sum(counts[cause, cause] for cause in CAUSES)
    healthy = counts["healthy", LEARNED]
    faults = len(CAUSES) * len(SEEDS)
    measured("causes: planted faults named right", f"{named} of {faults}", "at least 80 %")
    measured("causes: healthy runs without an accusation", f"{healthy} of {len(SEEDS)}", "all")
    for cause in CAUSES:
        others = Counter({name: number for (plant, name), number in counts.items() if plant == cause})
        measured(f"causes: {cause} is named", ", ".join(f"{name} {number}" for name, number in others.most_common()))
    assert named >= 0.8 * faults
    assert healthy == len(SEEDS)
