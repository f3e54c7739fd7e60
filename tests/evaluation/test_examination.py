from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines.endpoints import Endpoint, serving
from tests.evaluation.conftest import JUDGE, KNOWLEDGE, World
from tests.evaluation.served_pupils import School
from workbench.errors import EndpointError, EvaluationError
from workbench.evaluation.benchmarks import benchmark
from workbench.evaluation.examination import Examination, journal_path
from workbench.evaluation.options import EvaluationOptions
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


@pytest.fixture
def school(world: World) -> School:
    """The same pupils behind an endpoint, which keeps its template to itself."""
    models = [world.workspace.models / "base", world.trained.folder / "Model"]
    return School({model.name: world.engines[str(model)] for model in models})


@pytest.fixture
def served(school: School) -> Iterator[Endpoint]:
    with serving(school.reply) as endpoint:
        yield endpoint


BEHIND = ["mmlu", "mmlu_branch", "heldout", "mt_bench", "mt_bench_branch"]


def behind(world: World, served: Endpoint, **changes: Any) -> EvaluationOptions:
    """Both models behind one endpoint, asked what it can be asked."""
    place = {"model": "Model", "base_model": "base", "endpoint_url": served.url, "base_endpoint_url": served.url}
    more = {"data": "demo", "choices_form": "letters", "few_shots": 0, "benchmarks": BEHIND, "endpoint_concurrency": 1}
    return world.options(**(place | more | changes))


def test_both_models_may_be_behind_an_endpoint(world: World, served: Endpoint) -> None:
    here = world.evaluate(world.options(choices_form="letters", few_shots=0, benchmarks=BEHIND[2:]))
    run = world.evaluate(behind(world, served, api_key="sk-one", base_api_key="sk-other", name="there"))
    found = run.manifest["benchmarks"]
    assert {name: found[name] for name in BEHIND[2:]} == here.manifest["benchmarks"]
    assert (found["mmlu"]["base"]["right"], found["mmlu"]["trained"]["right"]) == (2, 3)
    assert (found["mmlu_branch"]["base"]["right"], found["mmlu_branch"]["trained"]["right"]) == (1, 3)
    assert run.manifest["models"] == {"base": f"base at {served.url}", "trained": f"Model at {served.url}"}
    assert world.opened == ["base", "Model", JUDGE, JUDGE]
    keys = {(body.get("model"), headers.get("Authorization")) for _, body, headers in served.asked if "model" in body}
    assert keys == {("Model", "Bearer sk-one"), ("base", "Bearer sk-other")}
    assert not [path for path in run.folder.rglob("*") if path.is_file() and b"sk-o" in path.read_bytes()]


def test_a_model_at_an_endpoint_is_compared_with_a_file(world: World, served: Endpoint) -> None:
    run = world.evaluate(behind(world, served, base_model="models/base", base_endpoint_url="", benchmarks=["heldout"]))
    found = run.manifest["benchmarks"]["heldout"]
    assert (found["base"]["right"], found["trained"]["right"]) == (0, 3)
    assert world.opened == ["base"]


def test_what_an_endpoint_cannot_do_is_said_before_anything_is_asked(
    world: World, school: School, served: Endpoint
) -> None:
    school.echoes = False
    options = behind(world, served, base_model="models/base", base_endpoint_url="")
    with pytest.raises(EvaluationError, match="Model cannot tell how likely a text is, which mmlu and mmlu_branch"):
        world.evaluate(options)
    assert world.opened == []
    assert not list(world.run(options).artifacts.glob("*.jsonl"))
    school.echoes = True
    with pytest.raises(EvaluationError, match=r"keeps its chat template to itself, which mmlu and mmlu_branch need"):
        world.evaluate(behind(world, served, choices_form="answers"))


def questions(school: School) -> list[str]:
    """All that was answered in chats but for trials of what the endpoint can do."""
    return sorted(text for text in school.chats if "Tower" in text or "Reword" in text)


@pytest.mark.parametrize("life", [40, 62, 75])
def test_an_endpoint_that_dies_is_asked_only_the_rest(
    world: World, school: School, served: Endpoint, life: int
) -> None:
    plain = world.evaluate(behind(world, served, seed=1))
    asked, school.answered, school.life = questions(school), 0, life
    with pytest.raises(EndpointError, match="going down") as raised:
        world.evaluate(behind(world, served))
    assert "Started again, it goes on from what was finished" in raised.value.hint
    kept = {path.name: path.read_text() for path in world.run(behind(world, served)).artifacts.glob("*.jsonl")}
    assert kept
    school.life = 1_000_000
    run = world.evaluate(behind(world, served))
    assert run.manifest["benchmarks"] == plain.manifest["benchmarks"]
    assert all((run.artifacts / name).read_text().startswith(text) for name, text in kept.items())
    assert questions(school) == [each for each in asked for _ in range(2)]
