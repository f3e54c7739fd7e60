from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import integers

from tests.generation.answering import FakeEngine, FakeSession, KilledError, by_chance
from tests.generation.wide import WORDS, answering, wide_work
from workbench.engines.engine import Request
from workbench.errors import Checkpointed, GenerationError
from workbench.generation.exchange import Exchange
from workbench.generation.flow import read_flow
from workbench.generation.journal import Journal
from workbench.generation.production import Production
from workbench.generation.rows import LeafWork, Source
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


def wide_decided(order: int, kill_at: int = 0, journal: Path | None = None) -> tuple[Decided, FakeEngine]:
    engine = FakeEngine(answering, order=order, kill_at=kill_at)
    works = [wide_work(), wide_work("knowledge/other", 5)]
    with ExitStack() as stack:
        folder = journal or Path(stack.enter_context(TemporaryDirectory()))
        opened = stack.enter_context(closing(Journal(folder / "journal.jsonl")))
        session, engines = FakeSession(engine), {"teacher": engine, "critic": engine}
        exchange = Exchange({"teacher": session, "critic": session}, engines, opened, 42)
        return decided(produce(works, exchange, 25)), engine


@pytest.fixture(scope="module")
def wide_expected() -> Decided:
    return wide_decided(1)[0]


def test_rows_that_split_end_in_every_way(wide_expected: Decided) -> None:
    found = [one for records in wide_expected.values() for one in records]
    ends = {(one["outcome"], one["stage"]) for one in found}
    assert {"questions", "new", "answers", "weight", "heavy", "judgement"} <= {stage for _, stage in ends}
    assert ("failed", "weight") in ends
    assert ("rejected", "heavy") in ends
    for records in wide_expected.values():
        outcomes = [one["outcome"] for one in records]
        assert outcomes.count("kept") == 25
        assert len(records) == sum(outcomes.count(each) for each in ("kept", "rejected", "failed"))
        assert [one["ordinal"] for one in records] == list(range(len(records)))
        assert len({one["id"] for one in records}) == len(records)
        places = [[int(number) for number in str(one["row"]).split(".")] for one in records]
        assert places == sorted(places), "rows are not decided in the order of their places"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=integers(0, 2**32))
def test_no_order_of_answers_changes_rows_that_split(order: int, wide_expected: Decided) -> None:
    assert wide_decided(order)[0] == wide_expected


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kill_at=integers(1, 250), order=integers(0, 2**32))
def test_no_interruption_changes_rows_that_split(kill_at: int, order: int, wide_expected: Decided) -> None:
    with TemporaryDirectory() as folder:
        with suppress(KilledError):
            wide_decided(order, kill_at, Path(folder))
        assert wide_decided(order + 1, journal=Path(folder))[0] == wide_expected
        asked = keys(Path(folder) / "journal.jsonl")
        assert len(asked) == len(set(asked)), "a request was asked twice"


def test_what_a_chunk_alone_decides_is_asked_once_a_chunk() -> None:
    asked = [request.tag for request in wide_decided(1)[1].asked]
    for leaf, chunks in (("knowledge/wide", 3), ("knowledge/other", 5)):
        assert sum(tag.startswith(f"{leaf}#") and tag.endswith("tidied") for tag in asked) == chunks
    drawn = {request.seed for request in wide_decided(1)[1].asked if request.tag.endswith("answers")}
    assert len(drawn) > 50, "repeats are not drawn with seeds of their own"


PLAIN = """
name: plain
prompts: {ask: "{{ document }}", say: "{{ question }}"}
knowledge:
  - {name: question, prompt: ask, writes: question, temperature: 1.0}
  - {name: answer, prompt: say, writes: answer}
"""


def plain_work(path: str = "knowledge/plain") -> LeafWork:
    """Two stages, of which a number for an answer passes both."""
    return replace(wide_work(path), stages=read_flow(PLAIN, "plain.yaml").for_kind("knowledge"))


def numbers(request: Request, rng: Random) -> str:
    return f"{rng.random()} {rng.random()}"


def test_no_more_is_asked_than_the_quota_needs(open_exchange: Open) -> None:
    engine = FakeEngine(numbers)
    assert produce([plain_work()], open_exchange(engine), 5).shelves["knowledge/plain"].kept == 5
    assert len(engine.asked) == 10


@pytest.mark.parametrize("order", range(3))
def test_what_is_under_way_is_counted(order: int, open_exchange: Open) -> None:
    works = [wide_work(), wide_work("knowledge/other", 5)]
    production = Production(works, 15, 0.9, open_exchange(FakeEngine(answering, order=order)), Stop())
    for _ in production.run():
        for shelf in production.shelves.values():
            rows = list(shelf.undecided())
            assert shelf.flying == sum(not row.over for row in rows)
            assert shelf.ahead == sum(row.expected for row in rows)


MAJORITY = r"""
name: most
prompts: {sort: "{{ document }} Sort.", ask: "{{ document }} {{ manner }} Ask.", say: "{{ question }} Say."}
knowledge:
  - {name: sort, prompt: sort, writes: manner}
  - {name: usual, majority: manner}
  - {name: question, prompt: ask, writes: question, temperature: 1.0}
  - {name: answer, prompt: say, writes: answer}
"""


@pytest.mark.parametrize("order", range(4))
def test_a_majority_is_that_of_all_sources(order: int, open_exchange: Open) -> None:
    manners = dict(zip(WORDS, ("verse", "prose", "prose", "verse", "prose"), strict=False))

    def sorting(request: Request, rng: Random) -> str:
        asked = request.messages[0]["content"]
        return manners[asked.split()[0].lower()] if asked.endswith("Sort.") else f"{asked[-12:]} {rng.random()}"

    work = replace(wide_work(sources=5), stages=read_flow(MAJORITY, "most.yaml").for_kind("knowledge"))
    found = decided(produce([work], open_exchange(FakeEngine(sorting, order=order)), 7))[work.path]
    assert len(found) == 7
    assert all("prose Ask." in str(one["question"]) for one in found)


def test_many_candidates_fly_at_once_however_many_rows_each_becomes(open_exchange: Open) -> None:
    text = PLAIN.replace("writes: question", "parse: '(?P<question>.+)', many: 30")
    work = replace(wide_work(), stages=read_flow(text, "plain.yaml").for_kind("knowledge"))
    production = Production([work], 600, 0.9, open_exchange(engine := FakeEngine(numbers)), Stop())
    next(production.run())
    assert [request.tag.endswith("question") for request in engine.asked].index(False) == 18


def test_leaves_are_filled_evenly_however_many_there_are(open_exchange: Open) -> None:
    many = [plain_work(f"knowledge/{n:03}") for n in range(100)]
    production = Production(many, 3, 0.9, open_exchange(FakeEngine(numbers)), Stop())
    for _ in production.run():
        kept = [shelf.kept for shelf in production.shelves.values()]
        assert max(kept) - min(kept) <= 1


def test_one_bad_source_does_not_end_a_leaf(open_exchange: Open) -> None:
    def judging(request: Request, rng: Random) -> str:
        asked = request.messages[0]["content"]
        bad = request.tag.split("#")[1].split(".")[0].split()[0] in ("0", "1", "2")
        if asked.endswith("Ask."):
            return "\n".join(f"{n}. {' '.join(rng.choices(WORDS, k=5))}?" for n in range(1, 10))
        if asked.endswith("True?"):
            return "NO" if bad else "YES"
        return "w=3" if asked.endswith("Weigh.") else " ".join(rng.choices(WORDS, k=9))

    work = wide_work(sources=9)
    shelf = produce([work], open_exchange(FakeEngine(judging)), 10).shelves[work.path]
    assert shelf.kept == 10
    assert len([one for one in shelf.decided if one.outcome == "rejected"]) > 60
