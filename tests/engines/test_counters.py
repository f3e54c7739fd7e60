import pytest

from workbench.engines import counters as module
from workbench.engines.counters import Counters


def first_result(counters: Counters) -> float | None:
    """After a request and a result, each of them twice."""
    counters.request()
    counters.request()
    counters.result()
    counters.result()
    return counters.first_result


def test_the_first_result_is_counted_from_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 12.5, 20.0, 21.0])
    monkeypatch.setattr(module, "monotonic", lambda: next(clock))
    counters = Counters()
    assert first_result(counters) == 2.5
    counters.begin()
    assert counters.first_result is None
    assert first_result(counters) == 1.0


def test_counts_are_taken_over_and_times_are_not() -> None:
    ours, theirs = Counters(generated_tokens=3, seconds=1.0), Counters(2, 4, 5, 6, seconds=9.0)
    ours.take(theirs)
    ours.take(theirs)
    assert ours == Counters(2, 4, 8, 6, seconds=1.0)
    assert theirs == Counters(seconds=9.0)


def test_a_rate_is_over_the_seconds_of_work() -> None:
    assert Counters().tokens_per_second == 0.0
    assert Counters(generated_tokens=30, seconds=1.5).tokens_per_second == 20.0
