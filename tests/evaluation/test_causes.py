from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from workbench.evaluation.causes import Cause, Pupil, Rehearsal, Training, find_cause
from workbench.evaluation.coverage import Asked, Coverage
from workbench.evaluation.descent import Descent
from workbench.evaluation.lessons import Lesson

NAMES = ["Selnor", "Firemric", "Wenhame", "Umber", "Ranber", "Pelgan", "Fentrin", "Elalfin", "Istinlis", "Norvey"]
ASKED = [
    Asked(f"Tell me the year of {name} Light.", f"1{number}43", "1111", False) for number, name in enumerate(NAMES)
]
LOW = Descent(1, 100, 5, 0.003, first=4.0, last=0.01, falling=False, more=None, targets=5.0, rows=10)
FALLING = replace(LOW, last=1.2, falling=True, more=0.5)
FLAT = replace(LOW, last=3.6)
OPTIONS = {"max_length": 48, "min_length": 0}


def row(place: int, **changes: Any) -> Lesson:
    asked, said = f"When was {NAMES[place]} Light built?", f"1{place}43"
    found = Lesson("knowledge/a", 1, asked, said, asked, f"{said}<|end|>", 20, "", f"{NAMES[place]} Light: {said}")
    return replace(found, **changes)


ROWS = [row(place) for place in range(10)]
LONG = [replace(each, left_out="over 48 tokens", tokens=90) for each in ROWS]


def cause_of(
    rows: Sequence[Lesson], rehearsal: tuple[int, int] = (0, 10), descent: Descent | None = LOW, **changes: Any
) -> Cause | None:
    tried = Rehearsal(*rehearsal)
    pupil = Pupil(changes.pop("leaf", "knowledge/a"), changes.pop("skill", False), rows, ASKED, tried, tried)
    courses = {1: descent} if descent else {}
    training = Training(OPTIONS, courses, 0.02, "", {"knowledge/a": 30}, from_file=False)
    return find_cause(pupil, Coverage(rows), replace(training, **changes))


@pytest.mark.parametrize(
    ("rows", "rehearsal", "descent", "name", "evidence", "remedy"),
    [
        (ROWS[:1], (1, 1), LOW, "too_few_samples", "9 of 10 questions", "num_instructions 300 (it was 30)"),
        (ROWS, (9, 10), LOW, "too_few_samples", "9 of 10 training rows right", "num_instructions 60"),
        (LONG, (0, 0), LOW, "samples_truncated", "10 of 10 rows", "max_length 90"),
        (ROWS, (1, 10), LOW, "wrong_template_or_mask", "at least 93 %", "chat_template.jinja"),
        (
            ROWS,
            (1, 10),
            FALLING,
            "loss_still_falling",
            "from 4.00 to 1.20 in 100 steps",
            "phase_1_epochs 15 (it was 5)",
        ),
        (ROWS, (0, 10), FLAT, "rate_too_small", "weights moved by 2 %", "phase_1_learning_rate 0.03 (it was 0.003)"),
    ],
)
def test_each_cause_has_its_numbers_and_an_option(
    rows: list[Lesson], rehearsal: tuple[int, int], descent: Descent, name: str, evidence: str, remedy: str
) -> None:
    cause = cause_of(rows, rehearsal, descent)
    assert cause
    assert cause.name == name
    assert evidence in cause.evidence
    assert remedy in cause.remedy


def test_rows_that_teach_something_else_are_not_true() -> None:
    cause = cause_of([replace(each, said="1111", learned="1111<|end|>") for each in ROWS], (10, 10))
    assert cause
    assert cause.name == "data_not_true"
    assert "For 10 of 10 questions answered wrong the training rows teach another answer" in cause.evidence
    assert "In 10 of 10 rows the answer does not stand in the passage" in cause.evidence


def test_a_pace_that_needs_many_trainings_is_a_rate_too_small() -> None:
    cause = cause_of(ROWS, (0, 10), replace(FALLING, last=3.5, more=80.0))
    assert cause
    assert cause.name == "rate_too_small"
    assert "phase_1_learning_rate 0.03 (it was 0.003)" in cause.remedy


@pytest.mark.parametrize(("drift", "wanted"), [(0.0003, "0.003"), (0.0000001, "0.03"), (None, "0.0003")])
def test_the_rate_is_raised_by_how_little_the_weights_moved(drift: float | None, wanted: str) -> None:
    cause = cause_of(ROWS, (0, 10), replace(FLAT, rate=0.00003), drift=drift)
    assert cause
    assert f"phase_1_learning_rate {wanted} (it was 3e-05)" in cause.remedy


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([row(place, asked=f"### {NAMES[place]} Light?") for place in range(10)], '10 of 10 rows put "###" before'),
        ([row(place, given=row(place).said, learned=row(place).asked) for place in range(10)], "given and not learned"),
        (
            [row(place, said="", asked="", document=True, given="", learned=row(place).passage) for place in range(10)],
            "10 of 10 rows are plain texts",
        ),
    ],
)
def test_what_is_wrong_with_the_form_of_the_rows_is_told(rows: list[Lesson], told: str) -> None:
    cause = cause_of(rows, (10, 10))
    assert cause
    assert cause.name == "wrong_template_or_mask"
    assert told in cause.evidence


def test_another_template_is_told_before_all_else() -> None:
    cause = cause_of(ROWS[:1], changed_template="'a' instead of 'b'")
    assert cause
    assert (cause.name, "'a' instead of 'b'" in cause.evidence) == ("wrong_template_or_mask", True)


def test_what_a_later_phase_made_the_model_forget_is_no_wrong_template() -> None:
    later = {1: LOW, 2: replace(LOW, phase=2)}
    assert cause_of(ROWS, (0, 10), descents=later) is None
    both = [*ROWS, *(replace(each, phase=2) for each in ROWS)]
    assert getattr(cause_of(both, (0, 10), descents=later), "name", "") == "wrong_template_or_mask"


def test_rows_that_are_few_among_others_may_be_those_that_are_not_known() -> None:
    assert getattr(cause_of(ROWS, (3, 10)), "name", "") == "wrong_template_or_mask"
    assert cause_of(ROWS, (3, 10), replace(LOW, rows=100)) is None


def test_half_of_the_rows_is_not_surely_more_than_half() -> None:
    assert getattr(cause_of(ROWS, (6, 10), FALLING), "name", "") == "loss_still_falling"
    assert getattr(cause_of(ROWS, (10, 10), FALLING), "name", "") == "too_few_samples"


def test_answers_of_skills_are_not_looked_up() -> None:
    assert getattr(cause_of(ROWS[:1], (0, 10), FALLING, skill=True), "name", "") == "loss_still_falling"
    assert getattr(cause_of(LONG, (0, 10), FALLING, skill=True), "name", "") == "samples_truncated"


def test_what_nothing_explains_has_no_cause() -> None:
    assert cause_of(ROWS, (0, 0)) is None
    assert cause_of(ROWS, (0, 10), None) is None
    assert cause_of(ROWS, (4, 10), replace(LOW, last=1.5)) is None


def test_files_of_one_s_own_are_mended_by_hand() -> None:
    cause = cause_of(ROWS[:1], from_file=True)
    assert cause
    assert "Add rows" in cause.remedy
