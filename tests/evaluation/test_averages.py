import statistics

import pytest

from workbench.evaluation.averages import over_subjects, standard_error
from workbench.evaluation.benchmarks import Scale
from workbench.evaluation.scores import score


def of(right: int, items: int) -> dict[str, object]:
    return score([{"right": number < right} for number in range(items)], Scale())


def test_every_subject_counts_the_same() -> None:
    shares = [{"score": share, "items": items, "failed": 0} for share, items in ((0.35, 10), (0.444, 99), (0.559, 500))]
    assert over_subjects(shares)["overall_average"] == pytest.approx(0.45, abs=0.005)


def test_the_error_of_one_subject_is_that_of_its_mean() -> None:
    zeros_and_ones = [1.0] * 7 + [0.0] * 13
    assert standard_error(of(7, 20)) == pytest.approx(statistics.stdev(zeros_and_ones) / 20**0.5)
    assert over_subjects([of(7, 20)])["standard_error"] == pytest.approx(standard_error(of(7, 20)), abs=1e-4)


def test_errors_of_subjects_add_up_as_independent_ones_do() -> None:
    one = standard_error(of(7, 20))
    assert over_subjects([of(7, 20)] * 4)["standard_error"] == pytest.approx(one / 2, abs=1e-4)


def test_a_subject_without_scores_is_left_out() -> None:
    failed = score([{"failed": "too long"}], Scale())
    assert over_subjects([failed, of(1, 2)])["overall_average"] == 0.5
    assert over_subjects([failed]) == {"overall_average": None, "standard_error": None}
    assert standard_error(of(1, 1)) == 0.0
