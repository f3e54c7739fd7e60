from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.generation.answering import FakeEngine
from tests.generation.wide import answering, wide_work
from workbench.generation.exchange import Exchange
from workbench.generation.ledger import Filed, Ledger, Spool
from workbench.generation.production import Production
from workbench.generation.rows import Candidate, LeafWork
from workbench.runs import Stop


def decided(work: LeafWork, number: int) -> Candidate:
    columns = {"question": f"Question {number}?", "answer": f"Answer {number}.", "document": "A passage. " * 50}
    trace = [{"stage": "question", "text": f"Question {number}?"}]
    candidate = Candidate(work, number, columns, "town.md#0", stage=1, trace=trace)
    candidate.end("rejected", "judged NO")
    return candidate


def test_records_are_those_of_the_candidates(works: list[LeafWork], tmp_path: Path) -> None:
    with closing(Spool(tmp_path / "a" / "decided.part")) as spool:
        ledgers = [Ledger(spool), Ledger(spool)]
        expected = [[decided(work, number).record() for number in range(9)] for work in works]
        for number in range(9):
            for ledger, work in zip(ledgers, works, strict=True):
                ledger.append(decided(work, number))
        assert [[one.record() for one in ledger] for ledger in ledgers] == expected


def test_only_how_it_ended_stays_in_memory(works: list[LeafWork], tmp_path: Path) -> None:
    with closing(Spool(tmp_path / "decided.part")) as spool:
        ledger = Ledger(spool)
        for number in range(9):
            ledger.append(decided(works[0], number))
        last = ledger[-1]
        assert (last.columns, last.trace) == ({}, [])
        assert (last.outcome, last.reason, last.stage_at.name, last.ordinal) == ("rejected", "judged NO", "answer", 8)
        assert ledger[0].trace, "the error that nothing was kept shows the first answers"


def test_nothing_is_left_behind(works: list[LeafWork], tmp_path: Path) -> None:
    path = tmp_path / "decided.part"
    path.write_text("of an attempt that was killed")
    spool = Spool(path)
    Ledger(spool).append(decided(works[0], 0))
    assert spool.read(0)["question"] == "Question 0?"
    spool.close()
    assert not path.exists()


def test_a_record_that_was_never_filed_is_not_read() -> None:
    with pytest.raises(LookupError):
        Filed(None, 0, {}, "").record()  # type: ignore[arg-type]


def test_rows_that_were_split_are_filed_with_their_place(
    open_exchange: Callable[[FakeEngine], Exchange], tmp_path: Path
) -> None:
    plain, filed = (Production([wide_work()], 12, 0.9, open_exchange(FakeEngine(answering)), Stop()) for _ in range(2))
    with closing(Spool(tmp_path / "decided.part")) as spool:
        for shelf in filed.shelves.values():
            shelf.decided = Ledger(spool)
        for production in (plain, filed):
            for _ in production.run():
                pass
        first, second = (production.shelves["knowledge/wide"].decided for production in (plain, filed))
        for name in ("id", "row", "ordinal", "outcome", "reason", "stage", "trace", "seed"):
            assert [one.record()[name] for one in first] == [one.record()[name] for one in second]
        assert [one.row for one in first] == [one.row for one in second]
        assert any("." in one.row for one in second)
