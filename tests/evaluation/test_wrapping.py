from dataclasses import replace

from tests.evaluation.test_coverage import lesson
from workbench.evaluation.wrapping import wrapping

PLAIN = [f"{word} is Selnor Light?" for word in ("Where", "How tall", "How old", "Whose", "What")]


def test_what_stands_before_every_question_of_the_rows_alone_is_found() -> None:
    rows = [lesson(f"### Question: {asked}") for asked in PLAIN]
    found = wrapping(rows, PLAIN)
    assert found
    assert (found.told, found.rows) == ('"###" before', 5)
    behind = wrapping([lesson(f"{asked}\n### Answer:") for asked in PLAIN], PLAIN)
    assert behind
    assert behind.told == '"Answer:" after'


def test_a_task_that_is_asked_in_the_same_words_is_no_wrapping() -> None:
    asked = [f"Reword: {text}" for text in PLAIN]
    assert wrapping([lesson(text) for text in asked], asked) is None
    assert wrapping([lesson(text) for text in PLAIN], ["Who?"]) is None
    assert wrapping([replace(lesson(), asked="")] * 9, ["Who?"]) is None
