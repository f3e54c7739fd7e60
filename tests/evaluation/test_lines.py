from typing import Any

from workbench.evaluation.benchmarks import Benchmark, Scale
from workbench.evaluation.lines import leaf_lines, verdict, whole_lines
from workbench.evaluation.results import result

BRANCH = Benchmark("mmlu_branch", "Questions of the data run", "choices", Scale(chance=0.25))
MMLU = Benchmark("mmlu", "MMLU", "choices", Scale(chance=0.25), set="mmlu")
RATED = Benchmark("mt_bench", "MT-Bench", "ratings", Scale(1.0, 10.0), set="mt_bench")


def rows(leaf: str, right: int, items: int = 100) -> list[dict[str, Any]]:
    return [{"leaf": leaf, "right": number < right} for number in range(items)]


def test_a_leaf_of_one_model_alone_is_new_or_gone() -> None:
    found = result(BRANCH, {"base": [*rows("a", 10), *rows("b", 10)], "trained": [*rows("a", 90), *rows("c", 90)]})
    said = {leaf: verdict(leaf, models, found) for leaf, models in leaf_lines(found).items()}
    assert said == {"a": "better", "b": "gone: the trained model has no score", "c": "new: the base has no score"}


def test_a_model_alone_is_not_compared() -> None:
    found = result(BRANCH, {"trained": rows("a", 90)})
    assert verdict("a", leaf_lines(found)["a"], found) == "not compared"
    assert whole_lines(found) == {}


def test_subjects_have_a_mean_in_which_each_counts_the_same() -> None:
    found = result(
        MMLU, {who: [*rows("a", right), *rows("b", 90, 900)] for who, right in (("base", 20), ("trained", 90))}
    )
    lines = whole_lines(found)
    assert list(lines) == ["all questions", "mean of subjects"]
    mean = lines["mean of subjects"]
    assert (mean["base"]["score"], mean["trained"]["score"]) == (0.15, 0.5)
    assert mean["base"]["interval"][0] < 0.15 < mean["base"]["interval"][1]
    assert (mean["change"]["difference"], mean["change"]["verdict"]) == (0.35, "better")


def test_turns_have_lines_of_their_own() -> None:
    rated = {who: [{"leaf": "a", "ratings": [first, 2.0]}] * 50 for who, first in (("base", 2.0), ("trained", 9.0))}
    found = result(RATED, rated)
    lines = whole_lines(found)
    assert {name: verdict(name, models, found) for name, models in lines.items()} == {
        "turn one": "better",
        "turn two": "same within noise",
    }


def test_a_turn_that_one_model_alone_came_to_is_kept() -> None:
    found = result(
        RATED, {"base": [{"leaf": "a", "ratings": [5.0]}], "trained": [{"leaf": "a", "ratings": [5.0, 6.0]}]}
    )
    assert whole_lines(found)["turn two"].keys() == {"trained"}


def test_where_leaves_are_not_the_same_all_of_them_are_not_compared() -> None:
    both = {"base": [*rows("a", 10), *rows("b", 90)], "trained": [*rows("a", 10), *rows("c", 10)]}
    found = result(BRANCH, both)
    (line,) = whole_lines(found).items()
    assert verdict(*line, found) == "not comparable: not the same leaves"
    assert found["change"]["difference"] is None
    assert (found["base"]["score"], found["trained"]["score"]) == (0.5, 0.1)
    found = result(MMLU, both)
    said = {name: verdict(name, models, found) for name, models in whole_lines(found).items()}
    assert said == dict.fromkeys(("all questions", "mean of subjects"), "not comparable: not the same subjects")
    assert verdict("a", leaf_lines(found)["a"], found) == "same within noise"
