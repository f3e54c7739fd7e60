from workbench.evaluation.benchmarks import Scale, all_benchmarks, benchmark
from workbench.evaluation.options import BENCHMARKS


def test_every_name_in_the_options_is_a_benchmark() -> None:
    assert [each.name for each in all_benchmarks()] == list(BENCHMARKS)


def test_a_scale_turns_scores_into_shares_and_back() -> None:
    ratings = benchmark("mt_bench_branch").scale
    assert (ratings.share(1.0), ratings.share(10.0), ratings.value(0.5)) == (0.0, 1.0, 5.5)
    assert not ratings.counts
    assert Scale(chance=0.25).counts
