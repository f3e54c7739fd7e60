from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.generation.answering import FakeEngine
from workbench.generation.estimate import Terms, Trial, estimate
from workbench.generation.exchange import Exchange
from workbench.generation.flow import Flow
from workbench.generation.journal import Journal
from workbench.generation.options import GenerationOptions
from workbench.generation.pace import Pace
from workbench.generation.prices import Prices
from workbench.generation.production import Production
from workbench.generation.rows import LeafWork
from workbench.records import write_text
from workbench.runs import Stop

Record = dict[str, Any]
OPTIONS = GenerationOptions(num_instructions=100)
Try = Callable[[int], Record]


def count(text: str) -> int:
    return len(text.split())


@pytest.fixture
def tried(
    works: list[LeafWork], open_exchange: Callable[[FakeEngine], Exchange], flow: Flow, tmp_path: Path
) -> Callable[..., Record]:
    """The estimate of a run of which so many samples of each leaf were made."""

    def found(quota: int, **terms: Any) -> Record:
        production = Production(works, quota, 0.9, open_exchange(FakeEngine()), Stop())
        for _ in production.run() if quota else ():
            pass
        with closing(Journal(tmp_path / "journal.jsonl")) as journal:
            return estimate(Trial(production, journal, Pace(journal)), flow, OPTIONS, Terms(count, **terms))

    return found


def test_a_longer_trial_comes_nearer(tried: Try) -> None:
    whole = tried(100)
    for quota, near in ((3, 0.6), (30, 0.25)):
        found = tried(quota)
        for name in ("requests", "samples"):
            assert found[name] == pytest.approx(whole[name], rel=near)
        for meter, tokens in whole["meters"].items():
            assert found["meters"][meter] == pytest.approx(tokens, rel=near)


def test_without_a_single_sample_it_still_says_something(tried: Try) -> None:
    found = tried(0)
    assert found["samples"] == 200
    assert found["requests"] > 200
    assert found["minutes"] is None
    assert found["rates"] == {}


def test_leaves_add_up_to_the_whole(tried: Try) -> None:
    found = tried(5)
    assert [leaf["asked"] for leaf in found["leaves"]] == [100, 100]
    assert sum(leaf["requests"] for leaf in found["leaves"]) == found["requests"]
    assert sum(leaf["output_tokens"] for leaf in found["leaves"]) == found["meters"]["generation_output"]


def test_a_replay_is_read_in_both_phases(tried: Callable[..., Record], tmp_path: Path) -> None:
    write_text(tmp_path / "replay.jsonl", '{"messages": [{"role": "user", "content": "one two three"}]}\n' * 50)
    found = tried(5, replay=tmp_path / "replay.jsonl")
    assert found["meters"]["training_input"] == tried(5)["meters"]["training_input"] + 2 * 150


def test_prices_make_money_of_it(tried: Callable[..., Record]) -> None:
    assert tried(5)["money"] is None
    found = tried(5, prices=Prices("EUR", {"generation_output": 1_000_000}))
    assert found["money"]["total"] == found["meters"]["generation_output"]
