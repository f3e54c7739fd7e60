from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.evaluation.conftest import World
from workbench.evaluation.findings import NO_TOKENS, Findings, results_of, tokens_of
from workbench.evaluation.plan import make_plan
from workbench.records import read_json

LEARNED = {"leaves": {"knowledge/towers": {"verdict": "learned"}}}


def score(right: int) -> dict[str, Any]:
    return {"score": right / 4, "items": 4, "failed": 0}


def results(leaf: str, right: int) -> dict[str, Any]:
    """Of mmlu, of the trained model alone."""
    subjects = {leaf: {"trained": score(right)}}
    whole = score(right) | {"overall_average": right / 4}
    return {"trained": whole, "leaves": subjects, "title": "General", "scale": {"low": 0, "high": 1}}


def test_a_shelf_has_the_metrics_of_all_that_was_ever_asked(world: World, tmp_path: Path) -> None:
    plan = make_plan(world.options(benchmarks=["mmlu"]), world.workspace)
    first = Findings(plan, {"mmlu": results("mmlu_towers", 3)}, NO_TOKENS, LEARNED)
    first.shelve(tmp_path)
    assert read_json(tmp_path / "mmlu.json")["models"] == first.record()["models"]
    assert read_json(tmp_path / "learning.json") == LEARNED
    replace(first, results={}).shelve(tmp_path)
    assert read_json(tmp_path / "model_metrics.json")["mmlu"]["scores"] == {"mmlu_towers": 0.75}
    assert "mmlu" not in replace(first, results={}).record()["model_metrics"]


def test_where_nothing_was_learned_about_leaves_there_is_no_page_of_it(world: World, tmp_path: Path) -> None:
    plan = make_plan(world.options(benchmarks=["mmlu"]), world.workspace)
    nothing: list[dict[str, Any] | None] = [None, {"leaves": {}}]
    for number, learning in enumerate(nothing):
        Findings(plan, {}, learning=learning).shelve(tmp_path / str(number))
        assert [path.name for path in (tmp_path / str(number)).iterdir()] == ["model_metrics.json"]


def test_tokens_are_those_of_the_phases_and_none_are_expected_without_the_data_run(world: World) -> None:
    phases = [{"phase": 1, "epochs": 2, "tokens": 900}]
    assert tokens_of({"phases": phases}, world.workspace) == (phases, None)
    assert tokens_of({"phases": phases, "data": {"id": "gone"}}, world.workspace) == (phases, None)


def test_results_are_of_whoever_is_asked(world: World) -> None:
    plan = make_plan(world.options(benchmarks=["reading"]), world.workspace)

    class Sitting:
        def rows(self, *_: object) -> list[object]:
            return []

    found = results_of(plan, Sitting())  # type: ignore[arg-type]
    assert "base" in found["reading"]
    assert "trained" not in found["reading"], "a control is for the base"
