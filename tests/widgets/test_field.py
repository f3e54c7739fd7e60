from typing import Any

from workbench.taxonomy.findings import Finding
from workbench.widgets.field import Field, counter, told


def finding(path: str, code: str) -> Finding:
    return Finding("qna.yaml", 1, 1, path, code, "error", "it is <wrong>", "mend it")


def test_what_is_typed_is_passed_on_and_what_is_shown_is_not() -> None:
    put: list[Any] = []
    field = Field("Name:", lambda keys, value: put.append((keys, value)), advised=2, keys=("name",))
    field.show("Ann")
    assert put == []
    field.input.value = "Ann of Boat"
    assert put == [(("name",), "Ann of Boat")]
    assert "3 of at most 2 words, 1 too many" in field.note.value
    field.show(None, ("other", 1))
    assert field.place == ".other[1]"
    assert field.input.value == ""


def test_findings_are_told_in_words() -> None:
    field = Field("Name:", lambda keys, value: None)
    field.tell([finding(".name", "wrong-type"), finding(".name", "empty-text")])
    assert "<b>error:</b> it is &lt;wrong&gt;. <i>mend it</i>" in field.note.value
    assert "still empty" in field.note.value
    assert 'aria-live="polite"' in field.note.value
    field.tell([])
    assert field.note.value == ""


def test_a_counter_counts_words() -> None:
    assert "0 of at most 250 words" in counter(" ", 250)


def test_empty_examples_are_not_told_to_be_the_same() -> None:
    blank, same = finding(".seeds[1].question", "empty-text"), finding(".seeds[1]", "repeated-item")
    assert told([blank, same]) == [blank]
    assert told([finding(".seeds[10].question", "empty-text"), same])[1] == same
