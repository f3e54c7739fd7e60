from pathlib import Path

import pytest

from workbench.errors import TrainingDataError
from workbench.training.left_out import DataReport, FileReport, LeftOut, Tally, too_long, too_short

FILE = Path("data") / "<a>.jsonl"


def tally() -> Tally:
    """Twenty rows: three too long, one too short."""
    counted = Tally(FILE)
    counted.rows = 20
    counted.lengths = [*range(1, 19), 500, 900]
    for line in (4, 8, 20):
        counted.leave_out(too_long(400), line)
    counted.leave_out(too_short(2), 1)
    counted.note(["answers without an end"], 7)
    return counted


def report() -> FileReport:
    return tally().report(samples=16, tokens=12345, learned=6172)


def test_a_file_is_told_in_numbers() -> None:
    file = report()
    assert (file.file, file.kept, file.missing) == ("<a>.jsonl", 16, 4)
    assert file.lengths == (1, 10, 18, 900)
    assert file.left_out == (LeftOut("over 400 tokens", 3, (4, 8, 20)), LeftOut("under 2 tokens", 1, (1,)))
    assert file.cells() == ("<a>.jsonl", "20", "16", "4", "12,345", "50.0 %", "1", "10", "18", "900")
    assert Tally(FILE).report(0, 0, 0).cells()[5:] == ("-", "0", "0", "0", "0")


def test_the_first_few_lines_are_named() -> None:
    counted = Tally(FILE)
    for line in range(1, 9):
        counted.leave_out("empty", line)
    assert str(counted.report(0, 0, 0).left_out[0]) == "8 empty: lines 1, 2, 3, 4, 5, ..."


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("over 400 tokens", "raise max_length as far as the model reads (the longest row has 700 tokens)"),
        ("under 2 tokens", "lower min_length"),
        ("empty", "look at those lines"),
    ],
)
def test_more_than_the_share_is_refused(reason: str, hint: str) -> None:
    counted = Tally(FILE)
    counted.rows = 10
    counted.lengths = [20, 700]
    counted.leave_out(reason, 3)
    file = counted.report(9, 90, 40)
    file.check(0.1)
    with pytest.raises(TrainingDataError, match=rf"1 of 10 rows cannot be trained on \(1 {reason}: line 3\)") as caught:
        file.check(0.09)
    assert caught.value.hint.startswith(hint)
    assert "most_left_out" in caught.value.hint


def test_a_file_of_which_nothing_is_left_is_refused_whatever_the_share() -> None:
    counted = Tally(FILE)
    with pytest.raises(TrainingDataError, match="it is empty"):
        counted.report(0, 0, 0).check(1.0)
    counted.rows = 1
    counted.leave_out("empty", 1)
    with pytest.raises(TrainingDataError, match="1 of 1 rows"):
        counted.report(0, 0, 0).check(1.0)


def test_the_report_is_a_table_of_files_and_one_of_reasons() -> None:
    shown = DataReport((report(), report()), most_left_out=0.15)
    assert shown.left_out == {"over 400 tokens": 6, "under 2 tokens": 2}
    lines = str(shown).splitlines()
    assert lines[0].split("  ")[0] == "file"
    assert lines[1].split() == ["<a>.jsonl", "20", "16", "4", "12,345", "50.0", "%", "1", "10", "18", "900"]
    assert lines[1].endswith("900")
    assert lines[0].endswith("longest")
    assert "<a>.jsonl  over 400 tokens      3  lines 4, 8, 20" in lines
    assert "<a>.jsonl: answers without an end: in 1 row (line 7)" in lines
    assert sum("training on it is refused" in line for line in lines) == 2
    html = shown._repr_html_()
    assert "&lt;a&gt;.jsonl" in html
    assert "<a>" not in html
    assert "over 400 tokens" in html
    assert "training on it is refused" in html


def test_nothing_left_out_needs_no_second_table() -> None:
    counted = Tally(FILE)
    counted.rows, counted.lengths = 2, [3, 4]
    shown = DataReport((counted.report(2, 7, 3),))
    shown.check()
    assert len(str(shown).splitlines()) == 2
    assert "Rows left out" not in shown._repr_html_()
    assert str(shown) == repr(shown)


def test_a_record_names_no_folder() -> None:
    (record,) = DataReport((report(),)).record()
    assert record["path"] == "<a>.jsonl"
    assert record["left_out"][0] == {"reason": "over 400 tokens", "rows": 3, "lines": (4, 8, 20)}
