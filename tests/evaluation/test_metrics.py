from typing import Any

from workbench.evaluation.benchmarks import Benchmark, Scale
from workbench.evaluation.metrics import estimated_tokens, model_metrics
from workbench.evaluation.results import result

DELTAS = {"improvements": {"knowledge/a": 0.5}, "regressions": {}, "no_change": {}, "new": {"x": 1.0}, "gone": {}}
MMLU = Benchmark("mmlu", "MMLU", "choices", Scale(chance=0.25), set="mmlu")
MMLU_BRANCH = Benchmark("mmlu_branch", "Questions of the data run", "choices", Scale(chance=0.25))
MT_BENCH = Benchmark("mt_bench", "MT-Bench", "ratings", Scale(1.0, 10.0), set="mt_bench")
MT_BENCH_BRANCH = Benchmark("mt_bench_branch", "Seed examples", "ratings", Scale(1.0, 10.0))
Rows = list[dict[str, Any]]


def branch(base: float, trained: float) -> dict[str, Any]:
    return {"base": {"error_rate": base}, "trained": {"error_rate": trained}, "deltas": DELTAS}


def shares(leaf: str, right: int, items: int) -> Rows:
    return [{"leaf": leaf, "id": str(number), "right": number < right} for number in range(items)]


def rated(leaf: str, *ratings: float | None) -> Rows:
    return [{"leaf": leaf, "id": str(number), "ratings": [rating]} for number, rating in enumerate(ratings)]


def test_subjects_count_the_same_whatever_their_size() -> None:
    sizes = {"mmlu_anatomy": (7, 20), "mmlu_astronomy": (111, 250), "mmlu_virology": (559, 1000)}
    rows = [row for leaf, (right, items) in sizes.items() for row in shares(leaf, right, items)]
    assert model_metrics({"mmlu": result(MMLU, {"trained": rows})})["mmlu"] == {
        "scores": {"mmlu_anatomy": 0.35, "mmlu_astronomy": 0.44, "mmlu_virology": 0.56},
        "overall_average": 0.45,
    }


def test_a_figure_is_rounded_once() -> None:
    # To four places it is 0.495, which would be rounded down.
    rows = shares("mmlu_anatomy", 50, 101)
    assert model_metrics({"mmlu": result(MMLU, {"trained": rows})})["mmlu"]["overall_average"] == 0.5


def test_a_subject_that_only_the_base_was_scored_in_is_no_score_of_the_model() -> None:
    rows = {
        "base": [*shares("a", 1, 2), *shares("b", 1, 2)],
        "trained": [*shares("a", 2, 2), {"leaf": "c", "failed": "long"}],
    }
    assert model_metrics({"mmlu": result(MMLU, rows)})["mmlu"] == {"scores": {"a": 1.0}, "overall_average": 1.0}


def test_turns_have_averages_and_all_ratings_one_more() -> None:
    pairs = [(7.0, 6.5), (7.5, 6.5), (7.0, 6.5), (7.5, 6.38)]
    rows = [{"leaf": "writing", "id": str(number), "ratings": list(pair)} for number, pair in enumerate(pairs)]
    found = model_metrics({"mt_bench": result(MT_BENCH, {"base": rows[:1], "trained": rows})})
    assert found["mt_bench"] == {
        "scores": {"turn_one": 7.25, "turn_two": 6.47},
        "overall_average": 6.86,
        "error_rate": 0.0,
    }


def test_a_judge_that_never_answers_in_form_leaves_an_error_rate() -> None:
    rows = [{"leaf": "writing", "id": "81", "ratings": [None, None]}]
    found = model_metrics({"mt_bench": result(MT_BENCH, {"trained": rows})})["mt_bench"]
    assert found == {"scores": {}, "overall_average": None, "error_rate": 1.0}


def test_changes_are_differences_of_means_with_two_places() -> None:
    skills = [f"compositional_skills/{name}" for name in ("csv", "places", "proposal", "new", "gone")]
    csv, places, proposal, new, gone = skills
    base = [*rated(csv, 1.0, 1.0, None), *rated(places, 10.0), *rated(proposal, 5.0), *rated(gone, 3.0)]
    trained = [*rated(csv, 9.0, 10.0, 10.0), *rated(places, 1.0), *rated(proposal, 5.0), *rated(new, 4.0)]
    found = result(MT_BENCH_BRANCH, {"base": base, "trained": trained})
    assert model_metrics({"mt_bench_branch": found})["mt_bench_branch"] == {
        "error_rate": 0.08,
        "improvements": {f"{csv}/qna.yaml": 8.67},
        "regressions": {f"{places}/qna.yaml": -9.0},
        "no_change": {f"{proposal}/qna.yaml": 0.0},
    }
    assert (found["deltas"]["new"], found["deltas"]["gone"]) == ({new: 4.0}, {gone: 3.0})


def test_leaves_that_would_have_one_name_keep_theirs() -> None:
    rows = {
        who: [*shares("knowledge/a/b", right, 2), *shares("knowledge/a_b", 1, 2)]
        for who, right in (("base", 1), ("trained", 2))
    }
    found = model_metrics({"mmlu_branch": result(MMLU_BRANCH, rows)})["mmlu_branch"]
    assert (found["improvements"], found["no_change"]) == ({"knowledge_a/b": 0.5}, {"knowledge_a_b": 0.0})


def test_the_error_rate_is_the_mean_of_both_models() -> None:
    found = model_metrics({"mmlu_branch": branch(0.0, 0.02)})
    assert found["mmlu_branch"]["error_rate"] == 0.01
    assert found["mmlu_branch"]["improvements"] == {"knowledge_a": 0.5}
    assert found["mmlu_branch"].keys() == {"error_rate", "improvements", "regressions", "no_change"}


def test_skills_are_named_by_their_file() -> None:
    found = model_metrics({"mt_bench_branch": branch(1.0, 1.0)})
    assert found["mt_bench_branch"]["improvements"] == {"knowledge/a/qna.yaml": 0.5}


def test_the_object_is_that_of_the_service() -> None:
    found = model_metrics(
        {
            "mmlu_branch": result(
                MMLU_BRANCH, {"base": shares("knowledge/a", 1, 2), "trained": shares("knowledge/a", 2, 2)}
            ),
            "mt_bench": result(MT_BENCH, {"trained": [{"leaf": "stem", "ratings": [7.0, 6.0]}]}),
            "proof": result(MMLU_BRANCH, {"trained": shares("knowledge/a", 2, 2)}),
            "mmlu": result(MMLU, {"trained": shares("mmlu_anatomy", 1, 2)}),
        },
        [{"phase": 1, "tokens": 20_000_000}, {"phase": 2, "tokens": 30_000_000}],
        50_000_000,
    )
    assert found == {
        "mmlu": {"scores": {"mmlu_anatomy": 0.5}, "overall_average": 0.5},
        "mmlu_branch": {"error_rate": 0.0, "improvements": {"knowledge_a": 0.5}, "regressions": {}, "no_change": {}},
        "mt_bench": {"scores": {"turn_one": 7.0, "turn_two": 6.0}, "overall_average": 6.5, "error_rate": 0.0},
        "tokens": {
            "training_phases": {"phase_1_knowledge": 20_000_000, "phase_2_skills": 30_000_000},
            "training_total": 50_000_000,
            "training_estimated": 50_000_000,
        },
    }


def test_tokens_are_those_of_the_phases_that_ran() -> None:
    assert model_metrics({}) == {"tokens": {"training_phases": {}}}
    only_skills = [{"phase": 2, "tokens": 30}]
    found = model_metrics({}, only_skills)["tokens"]
    assert found == {"training_phases": {"phase_2_skills": 30}, "training_total": 30}
    assert model_metrics({}, [{"phase": 1}], 7)["tokens"] == {"training_phases": {}, "training_estimated": 7}


def test_the_estimate_counts_every_epoch_as_training_does() -> None:
    once = {"phase_1_knowledge": 100, "phase_2_skills": 1000}
    phases = [{"phase": 1, "epochs": 8}, {"phase": 2, "epochs": 4}]
    assert estimated_tokens(phases, once) == 8 * 100 + 4 * 1000
    assert estimated_tokens(phases[1:], once) == 4000
    assert estimated_tokens(phases, {"phase_2_skills": 1000}) is None
    assert estimated_tokens([{"phase": 1}], once) is None
    assert estimated_tokens([], once) is None
