from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.generation.answering import FakeEngine
from tests.generation.wide import answering, wide_work
from workbench.errors import GenerationError
from workbench.generation.audit import audit
from workbench.generation.counts import leaf_counts
from workbench.generation.exchange import Exchange
from workbench.generation.journal import Journal
from workbench.generation.production import LeafShelf, Production
from workbench.generation.rows import LeafWork
from workbench.records import JsonlWriter, read_jsonl
from workbench.runs import Stop

Shelves = dict[str, LeafShelf]


@pytest.fixture
def shelves(works: list[LeafWork], open_exchange: Callable[[FakeEngine], Exchange]) -> Shelves:
    production = Production(works, 12, 0.9, open_exchange(FakeEngine(order=1)), Stop())
    for _ in production.run():
        pass
    return production.shelves


@pytest.fixture
def journal(shelves: Shelves, tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        yield journal


def counted(shelves: Shelves) -> list[dict[str, Any]]:
    return [leaf_counts(shelf, [], []) for shelf in shelves.values()]


def rewritten(journal: Journal, change: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> Journal:
    path = journal.path.with_name("other.jsonl")
    with JsonlWriter(path) as writer:
        for record in read_jsonl(journal.path):
            for one in change(record):
                writer.append(one)
    return Journal(path)


def test_a_run_agrees_with_its_journal(shelves: Shelves, journal: Journal) -> None:
    found = audit(shelves, counted(shelves), journal)
    assert found["requests"] == journal.requests == len(list(read_jsonl(journal.path)))
    assert found["requests"] == found["for_samples"] + found["left_over"]
    assert found["for_heldout"] == 0
    assert found["left_over"] > 0, "what was under way at the end is there too"
    assert found["answers"] == sum(len(one.trace) for shelf in shelves.values() for one in shelf.decided)
    assert found["shared"] == found["answers"] - found["for_samples"] >= 0


def test_an_answer_that_is_not_in_the_journal_is_told(shelves: Shelves, journal: Journal) -> None:
    gone = shelves["knowledge/town"].decided[4].trace[0]
    other = rewritten(journal, lambda record: [] if record["text"] == gone["text"] else [record])
    with closing(other), pytest.raises(GenerationError, match="knowledge/town#4, stage question") as caught:
        audit(shelves, counted(shelves), other)
    assert "start again" in caught.value.hint


def test_another_text_under_a_request_is_told(shelves: Shelves, journal: Journal) -> None:
    changed = shelves["knowledge/town"].decided[4].trace[0]["text"]
    other = rewritten(journal, lambda record: [record | {"text": record["text"].replace(changed, "Other?")}])
    with closing(other), pytest.raises(GenerationError, match="not in the journal"):
        audit(shelves, counted(shelves), other)


def test_a_request_that_is_there_twice_is_told(shelves: Shelves, journal: Journal) -> None:
    other = rewritten(journal, lambda record: [record, record])
    with closing(other), pytest.raises(GenerationError, match="there twice"):
        audit(shelves, counted(shelves), other)


@pytest.mark.parametrize("name", ["made", "kept", "failed"])
def test_counts_that_do_not_add_up_are_told(name: str, shelves: Shelves, journal: Journal) -> None:
    first, *others = counted(shelves)
    with pytest.raises(GenerationError, match="knowledge/town: the counts do not add up"):
        audit(shelves, [first | {name: first[name] + 1}, *others], journal)


@pytest.mark.parametrize("name", ["in", "passed", "rejected", "failed"])
def test_a_funnel_that_does_not_add_up_is_told(name: str, shelves: Shelves, journal: Journal) -> None:
    first, *others = counted(shelves)
    first["funnel"][1][name] += 1
    with pytest.raises(GenerationError, match="do not add up"):
        audit(shelves, [first, *others], journal)


def test_a_part_of_an_answer_is_found_in_the_whole(shelves: Shelves, journal: Journal) -> None:
    shelf = shelves["knowledge/town"]
    shelf.decided[4].trace[0] = {"stage": "question", "text": "a part"}
    with pytest.raises(GenerationError, match="not in the journal"):
        audit(shelves, counted(shelves), journal)
    first, *others = shelf.work.stages
    shelf.work = replace(shelf.work, stages=(replace(first, many=3), *others))
    audit(shelves, counted(shelves), journal)


def test_a_flow_that_splits_rows_agrees_with_its_journal(open_exchange: Callable[[FakeEngine], Exchange]) -> None:
    works = [wide_work(), wide_work("knowledge/other", 5)]
    exchange = open_exchange(FakeEngine(answering, order=1))
    production = Production(works, 12, 0.9, exchange, Stop())
    for _ in production.run():
        pass
    with closing(Journal(exchange._journal.path)) as journal:
        found = audit(production.shelves, counted(production.shelves), journal)
    assert found["shared"] > 0, "rows of one answer all quote it"
    assert found["requests"] == found["for_samples"] + found["left_over"]
    for leaf in counted(production.shelves):
        assert [line["stage"] for line in leaf["funnel"]][-2:] == ["judgement", "near_duplicate"]
        assert leaf["funnel"][-1]["passed"] == leaf["kept"] == 12
