from pathlib import Path

import pytest

from workbench.errors import Checkpointed
from workbench.evaluation.journal import Journal, failure, read_rows
from workbench.evaluation.questions import Question

FIRST, SECOND = Question("1", "leaf", "One?"), Question("2", "leaf", "Two?")


def ignore(done: int) -> None:
    return


def test_what_is_kept_is_not_left(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path, ignore) as journal:
        assert journal.left([FIRST, SECOND]) == [FIRST, SECOND]
        journal.keep(FIRST, {"right": True})
    with Journal(path, ignore) as journal:
        assert journal.left([FIRST, SECOND]) == [SECOND]
    row = {"id": "1", "leaf": "leaf", "question": "One?", "right": True}
    assert read_rows(path) == {("leaf", "1"): row}


def test_a_row_is_safe_when_whoever_watches_stops_the_work(tmp_path: Path) -> None:
    def stop(done: int) -> None:
        raise Checkpointed(f"{done} done")

    path = tmp_path / "journal.jsonl"
    with pytest.raises(Checkpointed, match="1 done"), Journal(path, stop) as journal:
        journal.keep(FIRST, failure("too long"))
    assert read_rows(path)["leaf", "1"]["failed"] == "too long"


def test_a_journal_that_has_not_begun_has_no_rows(tmp_path: Path) -> None:
    assert read_rows(tmp_path / "absent.jsonl") == {}
