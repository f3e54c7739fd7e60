from tests.evaluation.conftest import KNOWLEDGE, World
from workbench.evaluation.benchmarks import benchmark
from workbench.evaluation.examination import Examination, journal_path
from workbench.evaluation.plan import make_plan
from workbench.evaluation.progress import Progress
from workbench.runs import Stop


def test_rows_come_in_the_order_of_the_questions(world: World) -> None:
    options = world.options(benchmarks=["heldout"])
    plan = make_plan(options, world.workspace)
    run = world.run(options)
    with run.hold() as attempt:
        examination = Examination(plan, options, run.artifacts, Progress(attempt, Stop()))
        for subject in plan.models.subjects:
            examination.ask(subject)
        examination.judge()
        attempt.finish({})
    rows = examination.rows(benchmark("heldout"), "trained")
    assert [row["id"] for row in rows] == [question.id for question in plan.questions["heldout"]]
    assert world.opened == ["base", "Model"]
    assert {row["leaf"] for row in rows} == {KNOWLEDGE}


def test_answers_that_wait_for_the_judge_have_their_own_journal(world: World) -> None:
    run = world.evaluate(world.options(benchmarks=["mt_bench_branch"]))
    names = sorted(path.name for path in run.artifacts.glob("*_base*.jsonl"))
    assert names == [f"mt_bench_branch_base{part}.jsonl" for part in ("", "_answers", "_judgements")]
    assert journal_path(run.artifacts, "proof", "base").name == "proof_base.jsonl"
