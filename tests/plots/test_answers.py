from pathlib import Path
from typing import Any

from tests.plots.extents import cut_off, words
from workbench.evaluation.benchmarks import Benchmark, Scale, benchmark
from workbench.evaluation.report import Report
from workbench.evaluation.results import result
from workbench.plots.answers import before_after

LEAVES = ("knowledge/engineering/lighthouses", "knowledge/geography/islands")


def rows(*right: int, items: int = 100) -> list[dict[str, Any]]:
    return [
        {"leaf": leaf, "right": number < of_leaf}
        for leaf, of_leaf in zip(LEAVES, right, strict=False)
        for number in range(items)
    ]


def manifest() -> dict[str, Any]:
    ratings = [{"leaf": "compositional_skills/writing/spelling", "ratings": [rating]} for rating in (3.0, 4.0, 5.0)]
    unrated = [row | {"ratings": [None]} for row in ratings]
    return {
        "benchmarks": {
            "proof": result(benchmark("proof"), {"base": rows(30, 28), "trained": rows(90, 85)}),
            "reading": result(benchmark("reading"), {"base": rows(88, 90)}),
            "mt_bench_branch": result(benchmark("mt_bench_branch"), {"base": ratings, "trained": unrated}),
        }
    }


def test_every_benchmark_has_a_panel_and_a_sentence() -> None:
    figure = before_after(manifest())
    assert len(figure.drawing.axes) == 3
    assert "Proof questions: 29 % by the base model and 88 % by the trained model (better)." in figure.caption
    assert "with their passage: 89 % by the base model." in figure.caption
    assert "4.0 by the base model." in figure.caption
    assert not cut_off(figure)


def test_the_change_is_written_beside_each_leaf() -> None:
    said = words(before_after(manifest(), "proof"))
    assert "30 % \N{RIGHTWARDS ARROW} 90 %  better" in said
    assert "29 % \N{RIGHTWARDS ARROW} 88 %  better" in said
    assert "Of 2 leaves 2 are better." in before_after(manifest(), "proof").caption
    assert {"lighthouses", "islands", "all leaves", "25, guessing"} <= set(said)


def test_one_model_alone_is_said_to_be_alone() -> None:
    assert "88 %, base alone" in words(before_after(manifest(), "reading"))


def test_a_report_will_do_as_well(tmp_path: Path) -> None:
    assert before_after(Report(manifest(), tmp_path)).caption == before_after(manifest()).caption


def test_one_leaf_has_no_row_for_all() -> None:
    found = result(benchmark("heldout"), {"base": rows(0), "trained": rows(100)})
    said = words(before_after({"benchmarks": {"heldout": found}}))
    assert "all leaves" not in said
    assert "25, guessing" not in said


def test_what_was_not_asked_says_so() -> None:
    assert before_after(manifest(), "mmlu").caption == "Nothing has been asked yet."


def test_what_only_one_model_has_a_score_for_is_new_or_gone() -> None:
    found = result(benchmark("mmlu_branch"), {"base": rows(50, 50), "trained": rows(60)})
    figure = before_after({"benchmarks": {"mmlu_branch": found}})
    assert "50 %, gone" in words(figure)
    assert "Of 2 leaves 1 is the same within noise and 1 is gone." in figure.caption


def test_many_subjects_stand_closer_together() -> None:
    asked = [{"leaf": f"mmlu_subject_{number}", "right": True} for number in range(57)]
    mmlu = Benchmark("mmlu", "MMLU", "choices", Scale(chance=0.25), set="mmlu")
    figure = before_after({"benchmarks": {"mmlu": result(mmlu, {"base": asked, "trained": asked})}})
    assert figure.drawing.get_figheight() < 20
    assert {"mmlu_subject_0", "mmlu_subject_56", "mean of subjects"} <= set(words(figure))
    assert "Of 57 subjects 57 are the same within noise." in figure.caption
    assert not cut_off(figure)
