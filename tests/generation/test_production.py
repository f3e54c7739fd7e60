from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.generation.answering import FakeEngine, KilledError, by_chance
from workbench.engines.engine import Request
from workbench.errors import Checkpointed, GenerationError
from workbench.generation.exchange import Exchange
from workbench.generation.production import Production, apply_answer
from workbench.generation.rows import Candidate, LeafWork, Source
from workbench.records import read_jsonl
from workbench.runs import Stop

Open = Callable[[FakeEngine], Exchange]
QUOTA = 12
Decided = dict[str, list[dict[str, object]]]


def produce(works: Sequence[LeafWork], exchange: Exchange, quota: int = QUOTA) -> Production:
    production = Production(works, quota, 0.9, exchange, Stop())
    for _ in production.run():
        pass
    return production


def decided(production: Production) -> Decided:
    return {path: [one.record() for one in shelf.decided] for path, shelf in production.shelves.items()}


def keys(journal: Path) -> list[str]:
    return [record["key"] for record in read_jsonl(journal)]


@pytest.fixture
def expected(works: list[LeafWork], open_exchange: Open) -> Decided:
    """What is decided when everything is answered in the order in which it was asked."""
    return decided(produce(works, open_exchange(FakeEngine())))


def test_the_trial_sees_every_way_to_end(works: list[LeafWork], open_exchange: Open) -> None:
    production = produce(works, open_exchange(FakeEngine()))
    ends = {(one.outcome, one.reason) for shelf in production.shelves.values() for one in shelf.decided}
    assert ("rejected", "judged NO") in ends
    assert ("failed", "unparsable judgement") in ends
    assert ("kept", "") in ends
    assert any("near-duplicate" in reason for _, reason in ends)


@pytest.mark.parametrize("order", range(6))
def test_no_order_of_answers_changes_what_is_decided(
    order: int, works: list[LeafWork], expected: Decided, open_exchange: Open, tmp_path: Path
) -> None:
    (tmp_path / "journal.jsonl").unlink()
    engine = FakeEngine(order=order)
    assert decided(produce(works, open_exchange(engine))) == expected
    assert len(engine.asked) > QUOTA


def test_no_interruption_changes_what_is_decided_and_nothing_is_asked_twice(
    works: list[LeafWork], expected: Decided, open_exchange: Open, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    total = len(keys(path))
    for kill_at in (*range(1, 8), *range(8, total, 13)):
        path.unlink()
        with pytest.raises(KilledError):
            produce(works, open_exchange(FakeEngine(order=kill_at, kill_at=kill_at)))
        assert len(keys(path)) == kill_at - 1
        assert decided(produce(works, open_exchange(FakeEngine(order=kill_at + 1)))) == expected
        assert len(keys(path)) == len(set(keys(path))), "a request was asked twice"


def test_a_stop_loses_nothing(works: list[LeafWork], expected: Decided, open_exchange: Open, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.unlink()
    answers = [0]
    for patience in range(1, 1000):
        stop = Stop()
        production = Production(works, QUOTA, 0.9, open_exchange(FakeEngine(order=patience)), stop)
        with suppress(Checkpointed):
            for number, _ in enumerate(production.run(), start=1):
                if number == patience:
                    stop.request("a test")
        answers.append(len(keys(path)))
        if not stop.requested:
            break
    assert len(answers) > 4
    assert answers == sorted(answers)
    assert decided(production) == expected


def test_a_stop_says_why_and_how_to_go_on(works: list[LeafWork], open_exchange: Open) -> None:
    stop = Stop()
    stop.request("a test")
    production = Production(works, QUOTA, 0.9, open_exchange(FakeEngine()), stop)
    with pytest.raises(Checkpointed, match="a test") as caught:
        list(production.run())
    assert "start it again" in caught.value.hint


def test_counts_add_up_and_stop_at_the_quota(works: list[LeafWork], open_exchange: Open) -> None:
    production = produce(works, open_exchange(FakeEngine(order=3)))
    for shelf in production.shelves.values():
        outcomes = [one.outcome for one in shelf.decided]
        assert shelf.kept == outcomes.count("kept") == QUOTA
        assert len(outcomes) == sum(outcomes.count(each) for each in ("kept", "rejected", "failed"))
        assert [one.ordinal for one in shelf.decided] == list(range(len(outcomes)))
        assert outcomes[-1] == "kept", "it goes on after the quota is met"


def test_sources_come_in_turn(works: list[LeafWork], open_exchange: Open) -> None:
    shelf = produce(works[:1], open_exchange(FakeEngine())).shelves["knowledge/town"]
    assert [one.source for one in shelf.decided[:4]] == ["town.md#0", "town.md#1", "town.md#2", "town.md#0"]


def test_what_is_under_way_for_a_full_leaf_is_cancelled(works: list[LeafWork], open_exchange: Open) -> None:
    engine = FakeEngine()
    exchange = open_exchange(engine)
    production = produce(works[:1], exchange, quota=1)
    assert not production.shelves["knowledge/town"].pending
    assert list(exchange) == []


def test_many_leaves_all_get_their_share(works: list[LeafWork], open_exchange: Open) -> None:
    many = [LeafWork(f"knowledge/{n:03}", "knowledge", works[0].sources, works[0].stages) for n in range(150)]
    production = produce(many, open_exchange(FakeEngine(order=1)), quota=1)
    assert all(shelf.kept == 1 for shelf in production.shelves.values())


def test_a_seed_is_not_made_again(works: list[LeafWork], open_exchange: Open) -> None:
    said = {"True?": "YES", "Reply.": "So.", "one.": "How does Ann say it?"}

    def answering(request: Request, rng: Random) -> str:
        return said[request.messages[0]["content"].split()[-1]]

    production = produce(works[1:], open_exchange(FakeEngine(answering)))
    shelf = production.shelves["compositional_skills/saying"]
    assert shelf.kept == 0
    assert {one.reason for one in shelf.decided} == {"near-duplicate of a kept sample or a seed"}


def test_a_leaf_that_keeps_nothing_is_given_up_with_raw_answers(works: list[LeafWork], open_exchange: Open) -> None:
    def answering(request: Request, rng: Random) -> str:
        return "NO" if "True?" in request.messages[0]["content"] else by_chance(request, rng)

    engine = FakeEngine(answering)
    production = produce(works, open_exchange(engine))
    assert [len(shelf.decided) for shelf in production.shelves.values()] == [60, 60]
    with pytest.raises(GenerationError, match=r"town: none of 60 samples was kept: judgement: judged NO") as told:
        production.check_yield()
    assert "'NO'" in told.value.message
    assert "rejected.jsonl" in told.value.hint


def test_a_grounded_sample_is_another_with_another_context(open_exchange: Open, works: list[LeafWork]) -> None:
    stages = works[0].stages

    def answering(request: Request, rng: Random) -> str:
        said = {"True?": "YES", "Ask.": "Where is it?"}
        return said.get(request.messages[0]["content"].split()[-1], "Aldern")

    texts = ("Aldern is a town by the sea and has a mill.", "Nine ferries leave from Aldern each day but Sunday.")
    sources = tuple(Source(text, {"document": text}) for text in texts)
    work = LeafWork("compositional_skills/x", "grounded", sources, stages)
    assert produce([work], open_exchange(FakeEngine(answering)), quota=2).shelves[work.path].kept == 2
    again = LeafWork("knowledge/x", "knowledge", sources, stages)
    assert produce([again], open_exchange(FakeEngine(answering)), quota=2).shelves[again.path].kept == 1


@pytest.fixture
def one(works: list[LeafWork]) -> Candidate:
    return Candidate(works[0], 0, dict(works[0].sources[0].columns), "town.md#0")


def test_an_answer_becomes_a_column(one: Candidate) -> None:
    apply_answer(one, "  Where is it? \n", "stop")
    assert (one.columns["question"], one.stage, one.over) == ("Where is it?", 1, False)
    assert one.trace == [{"stage": "question", "text": "Where is it?"}]


def test_an_answer_that_is_cut_off_or_empty_fails(one: Candidate, works: list[LeafWork]) -> None:
    apply_answer(one, "Where is", "length")
    assert (one.outcome, one.reason) == ("failed", "cut off after 9 tokens")
    other = Candidate(works[0], 1, {}, "")
    apply_answer(other, "  ", "stop")
    assert (other.outcome, other.reason) == ("failed", "unparsable answer")


def test_a_pair_needs_both_of_its_parts(one: Candidate) -> None:
    pair = replace(one.leaf.stages[0], writes="", parse=r"(?P<question>[^\n]*)\n?(?P<answer>.*)")
    for text, over in (("Where is it?\nThere.", False), ("Where is it?", True)):
        made = Candidate(replace(one.leaf, stages=(pair, *one.leaf.stages[1:])), 0, {}, "")
        apply_answer(made, text, "stop")
        assert made.over is over
        assert ("answer" in made.columns) is not over


def test_a_judgement_is_asked_for_once_more_and_then_fails(one: Candidate) -> None:
    one.stage = 2
    apply_answer(one, "hm", "stop")
    assert (one.tries, one.stage, one.over) == (1, 2, False)
    apply_answer(one, "hm", "stop")
    assert (one.outcome, one.reason) == ("failed", "unparsable judgement")


@pytest.mark.parametrize(("text", "outcome", "reason"), [("so: NO", "rejected", "judged NO"), ("so: YES", "kept", "")])
def test_a_judgement_decides(one: Candidate, text: str, outcome: str, reason: str) -> None:
    one.stage = 2
    apply_answer(one, text, "stop")
    assert (one.outcome, one.reason) == (outcome, reason)
