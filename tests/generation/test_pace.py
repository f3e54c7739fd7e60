from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from workbench.engines.engine import Completion, Request
from workbench.generation.journal import Journal
from workbench.generation.near_duplicates import Seen
from workbench.generation.pace import Pace, duration, words
from workbench.generation.production import LeafShelf
from workbench.generation.rows import Candidate, LeafWork


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        yield journal


def ask(journal: Journal, count: int, tokens: int = 5) -> None:
    for _ in range(count):
        journal.record(f"k{journal.requests}", "answer", Completion(Request("a#0 x"), 0, "x", "stop", 1, tokens))


def shelf(work: LeafWork, quota: int, kept: int, decided: int) -> LeafShelf:
    return LeafShelf(work, quota, Seen(0.9), [Candidate(work, n, {}, "") for n in range(decided)], kept=kept)


def test_rates_are_those_of_what_was_asked(journal: Journal) -> None:
    clock = Clock()
    pace = Pace(journal, clock)
    for second in range(1, 11):
        ask(journal, 4)
        clock.now += 1
        pace.note(2 * second)
    rates = pace.rates()
    assert rates["requests_per_second"] == pytest.approx(4, rel=0.2)
    assert rates["tokens_per_second"] == pytest.approx(20, rel=0.2)
    assert rates["samples_per_minute"] == pytest.approx(120, rel=0.2)
    assert pace.requests == 40


def test_what_the_journal_held_counts_for_nothing(journal: Journal, tmp_path: Path) -> None:
    ask(journal, 50)
    with closing(Journal(tmp_path / "journal.jsonl")) as again:
        clock = Clock()
        pace = Pace(again, clock)
        clock.now += 5
        pace.note(40)
        assert (pace.requests, pace.rates()) == (0, {})
        ask(again, 10)
        clock.now += 10
        pace.note(50)
        assert pace.rates()["requests_per_second"] == 1
        assert pace.rates()["samples_per_minute"] == 60


def test_only_the_last_minute_counts(journal: Journal) -> None:
    clock = Clock()
    pace = Pace(journal, clock)
    for rate in (10, 1):
        for _ in range(100):
            ask(journal, rate)
            clock.now += 1
            pace.note(0)
    assert pace.rates()["requests_per_second"] == pytest.approx(1)


def test_the_time_left_follows_from_what_was_kept(journal: Journal, works: list[LeafWork]) -> None:
    clock = Clock()
    pace = Pace(journal, clock)
    assert pace.seconds_left([shelf(works[0], 100, 0, 0)]) is None
    ask(journal, 1)
    pace.note(0)
    ask(journal, 399)
    clock.now += 100
    pace.note(49)
    # 100 rows took 400 requests, and half of them were kept: 51 more samples are 102 rows.
    left = pace.seconds_left([shelf(works[0], 100, 50, 100), shelf(works[1], 5, 5, 0)])
    assert left == pytest.approx(100, rel=0.05)


def test_it_is_said_in_words() -> None:
    rates = {"requests_per_second": 61.23, "tokens_per_second": 480.0, "samples_per_minute": 95.4}
    assert words(rates, 180) == "61.2 requests/s, 480 tokens/s, 95.4 samples/min, about 3 min left"
    assert words(rates, None).endswith("samples/min")
    assert words({}, None) == ""
    assert [duration(each) for each in (40, 89.6, 600, 9000)] == ["40 s", "90 s", "10 min", "2.5 h"]
