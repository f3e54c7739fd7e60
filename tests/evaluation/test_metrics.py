from typing import Any

from workbench.evaluation.metrics import model_metrics

DELTAS = {"improvements": {"knowledge/a": 0.5}, "regressions": {}, "no_change": {}, "new": {"x": 1.0}, "gone": {}}


def branch(base: float, trained: float) -> dict[str, Any]:
    return {"base": {"error_rate": base}, "trained": {"error_rate": trained}, "deltas": DELTAS}


def test_the_error_rate_is_the_mean_of_both_models() -> None:
    found = model_metrics({"mmlu_branch": branch(0.0, 0.02)})
    assert found["mmlu_branch"]["error_rate"] == 0.01
    assert found["mmlu_branch"]["improvements"] == {"knowledge_a": 0.5}
    assert found["mmlu_branch"].keys() == {"error_rate", "improvements", "regressions", "no_change"}


def test_skills_are_named_by_their_file() -> None:
    found = model_metrics({"mt_bench_branch": branch(1.0, 1.0)})
    assert found["mt_bench_branch"]["improvements"] == {"knowledge/a/qna.yaml": 0.5}


def test_tokens_are_those_of_the_phases_that_ran() -> None:
    assert model_metrics({}) == {"tokens": {"training_phases": {}}}
    only_skills = [{"phase": 2, "tokens": 30}]
    found = model_metrics({}, only_skills)["tokens"]
    assert found == {"training_phases": {"phase_2_skills": 30}, "training_total": 30}
    assert model_metrics({}, [{"phase": 1}])["tokens"] == {"training_phases": {}}
