from typing import Any

from workbench.generation.summary import (
    counts_summary,
    estimate_summary,
    funnel_summary,
    losses_summary,
    samples_summary,
)

Record = dict[str, Any]


def line(stage: str, came: int, rejected: int = 0, failed: int = 0, **reasons: int) -> Record:
    lost = {"rejected": rejected, "failed": failed}
    return {"stage": stage, "in": came, "passed": came - rejected - failed, **lost, "reasons": reasons}


def leaf(path: str) -> Record:
    counts = {"asked": 1000, "made": 1200, "kept": 1000, "mixed": 900, "heldout": 100, "failed": 50}
    lines = [line("question", 1200, failed=50, unparsable=50), line("stands_alone", 1150, 150, NO=120, MAYBE=30)]
    return {"path": path, "kind": "knowledge", **counts, "rejected": {"stands_alone": 150}, "funnel": lines}


def test_leaves_are_counted_with_their_sum() -> None:
    rows = counts_summary([leaf("knowledge/a"), leaf("knowledge/b")]).rows
    lost = "200: 150 stands alone, 50 failed"
    assert rows[0] == ("knowledge/a", "knowledge", "1,000", "1,200", "1,000", "900", "100", lost)
    assert rows[2] == ("all leaves", "", "2,000", "2,400", "2,000", "1,800", "200", "400")
    assert len(counts_summary([leaf("knowledge/a")]).rows) == 1


def test_the_funnel_has_a_row_for_each_stage() -> None:
    rows = funnel_summary([leaf("knowledge/a")]).rows
    assert rows[1] == ("knowledge/a", "stands alone", "1,150", "1,000", "150", "0", "120 NO, 30 MAYBE")


def test_losses_are_added_up_by_kind() -> None:
    rows = losses_summary([leaf("knowledge/a"), leaf("knowledge/b")]).rows
    assert rows == (
        ("knowledge", "question", "2,400", "0", "100", "100 unparsable"),
        ("knowledge", "stands alone", "2,300", "300", "0", "240 NO, 60 MAYBE"),
    )


def lines(found: Record) -> dict[str, str]:
    return {row[0]: row[1] for row in estimate_summary(found).rows}


def test_an_estimate_says_what_it_knows() -> None:
    found: Record = {
        "leaves": [{}],
        "samples": 150,
        "requests": 4210,
        "requests_done": 0,
        "meters": {"generation_output": 31000, "training_input": 90000},
        "minutes": None,
        "rates": {},
        "money": None,
    }
    rows = lines(found)
    assert rows["samples to keep"] == "150 (1 leaf)"
    assert rows["requests"] == "4,210"
    assert "not measured" in rows["time from here on"]
    assert "cost" not in rows
    money = {"currency": "EUR", "generation_output": 3.1, "training_input": 0.9, "total": 4.0}
    priced = found | {"money": money, "minutes": 4.0, "rates": {"requests_per_second": 17.54}, "requests_done": 90}
    rows = lines(priced)
    assert rows["requests"] == "4,210, 90 of them answered already"
    assert rows["output tokens of generation"] == "31,000, 3.10 EUR"
    assert rows["time from here on"] == "4 min at 17.5 requests/s on this machine"
    assert rows["cost"] == "4.00 EUR"


def test_samples_come_with_their_judgements() -> None:
    trace = [{"stage": "question", "text": "Why?"}, {"stage": "stands_alone", "text": "0"}]
    lost = {"question": "Why?", "answer": "", "context": "", "outcome": "rejected", "stage": "stands_alone"}
    kept = {"question": "Why\nis it?", "answer": "So. " * 40, "context": "", "outcome": "kept", "stage": "faithful"}
    records = [lost | {"reason": "judged 0", "trace": trace}, kept | {"reason": "", "trace": trace[1:]}]
    first, second = samples_summary({"knowledge/a": records}).rows
    assert first == ("knowledge/a", "Why?", "", "rejected", "stands alone: 0")
    assert second[1] == "Why is it?"
    assert second[2].endswith("…")
    assert len(second[2]) == 90
    assert second[4] == "stands alone: 0"
