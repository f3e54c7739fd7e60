from typing import Any

from tests.cli.quick import LEAF, preview
from tests.widgets.conftest import KNOWLEDGE
from workbench.evaluation.models import Models, Subject
from workbench.evaluation.plan import Plan
from workbench.evaluation.questions import Question
from workbench.generation.flow import load_flow
from workbench.generation.options import GenerationOptions
from workbench.options import Options
from workbench.runs import Run
from workbench.taxonomy.sample import lay_out_sample
from workbench.widgets.table import (
    Table,
    asked_questions,
    first_samples,
    flow_stages,
    leaf_counts,
    leaf_funnel,
    promise,
    run_estimate,
    run_files,
    size,
)
from workbench.workspace import Workspace


def test_a_table_is_text_and_html() -> None:
    shown = Table("Boats", ("Name", "Sails"), (("Ann <1>", "2"),))
    assert repr(shown) == "Boats\nName     Sails\nAnn <1>  2"
    assert "Ann &lt;1&gt;" in shown._repr_html_()
    assert ">Boats</caption>" in shown._repr_html_()


def test_a_flow_says_who_does_what() -> None:
    shown = flow_stages(load_flow("compact"), "it was asked for")
    assert shown.caption == "The flow compact, because it was asked for"
    assert ("knowledge", "sentence, question, (stands alone), (relevancy), answer, (faithful)") in shown.rows


def test_a_data_run_is_counted_by_leaf(data_run: Run) -> None:
    shown = leaf_counts(data_run)
    assert shown.rows[0] == (KNOWLEDGE, "knowledge", "3", "4", "3", "2", "1", "1: 1 faithful")
    assert shown.rows[-1][:5] == ("all leaves", "", "3", "5", "3")


def test_a_data_run_says_where_samples_were_lost(data_run: Run) -> None:
    assert leaf_funnel(data_run).rows[0] == (KNOWLEDGE, "faithful", "4", "3", "1", "0", "1 judged NO")


def test_a_promise_is_for_each_leaf(workspace: Workspace) -> None:
    leaves = lay_out_sample(workspace).leaves
    shown = promise(leaves, GenerationOptions(num_instructions=1000))
    assert ("knowledge/geography/islands", "knowledge, 5 seeds, 15 pairs", "1,000") in shown.rows
    assert shown.rows[-1] == (f"{len(leaves)} x 1,000", "", f"{len(leaves)},000")


def test_a_preview_is_two_tables() -> None:
    found = preview(Options(), None, None, None)  # type: ignore[arg-type]
    assert first_samples(found).rows == (
        (LEAF, "When was Firemric Light completed?", "1214", "kept", "faithful: 1214: YES"),
    )
    assert ("output tokens of generation", "31,000") in run_estimate(found).rows


def test_a_run_s_files_come_with_sizes(data_run: Run) -> None:
    shown = run_files(data_run)
    names = [row[0] for row in shown.rows]
    assert names[:2] == ["Artifacts/", "Logs/"]
    assert "manifest.json" in names
    assert "run.lock" not in names
    assert shown.rows[0][1].endswith(" in 2 files")
    assert run_files(data_run, "Artifacts").caption == f"Files in synthetic_data/{data_run.folder.name}/Artifacts"


def test_sizes_are_in_powers_of_a_thousand() -> None:
    assert [size(count) for count in (0, 999, 1000, 9_600_000, 14_000_000)] == [
        *("0 bytes", "999 bytes", "1.0 kB", "9.6 MB", "14 MB")
    ]


def score(value: float) -> dict[str, Any]:
    return {"score": value, "items": 50, "failed": 0}


def test_what_will_be_asked_is_counted_and_what_is_left_out_has_a_reason() -> None:
    models = Models(Subject("trained", "demo-1", "demo"), Subject("base", "seedling-base", "base"), None)
    questions = {name: [Question("1", "a", "Why?", "so")] * 3 for name in ("heldout", "mt_bench_branch")}
    skipped = {"mmlu_branch": "no data run was named"}
    plan = Plan(models, "models/judge.gguf", "full", questions, skipped, {}, {}, reading_trained=False)
    shown = asked_questions(plan)
    assert shown.caption == "Questions to seedling-base and demo-1"
    assert shown.rows == (
        ("Held-out answers", "3", "answers", ""),
        ("Seed examples, rated by the judge", "3", "ratings", "rated by judge.gguf"),
        ("Questions of the data run", "0", "", "left out: no data run was named"),
    )
