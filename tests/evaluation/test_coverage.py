from dataclasses import replace

import pytest

from workbench.evaluation.coverage import Asked, Coverage, unsupported
from workbench.evaluation.lessons import Lesson

PASSAGE = "Selnor Light rises 304 metres. Osia Pordal drew its plans."
ASKED = Asked("Tell me who designed Selnor Light.", "Osia Pordal", "Walia Pelcourt", False)


def lesson(asked: str = "Who designed Selnor Light?", said: str = "Osia Pordal") -> Lesson:
    return Lesson("leaf", 1, asked, said, f"<|user|>{asked}<|assistant|>", f"{said}<|end|>", 20, "", PASSAGE)


def text(words: str) -> Lesson:
    return Lesson("leaf", 1, "", "", "", words, 20, "", "", document=True)


OTHER = lesson("How tall is Selnor Light?", "304 metres")
FALSE = lesson(said="Walia Pelcourt")
SHOWN = lesson(f"{PASSAGE}\n\nHow tall is Selnor Light?", "304 metres")
NAMED = lesson(f"{PASSAGE}\n\nHow tall is it?", "Selnor Light is 304 metres tall.")
SWAPPED = lesson("Osia Pordal", "Who designed Selnor Light?")
MASKED = replace(lesson(), given="<|user|>Who designed Selnor Light?<|assistant|>Osia Pordal", learned="<|end|>")


@pytest.mark.parametrize(
    ("lessons", "place"),
    [
        ([OTHER, lesson()], "taught"),
        ([OTHER], "nowhere"),
        ([SHOWN], "nowhere"),
        ([NAMED], "nowhere"),
        ([], "nowhere"),
        ([replace(lesson(), left_out="over 10 tokens"), OTHER], "left_out"),
        ([SWAPPED], "unlearned"),
        ([MASKED], "unlearned"),
        ([text("Selnor Light was designed by Osia Pordal.")], "unlearned"),
        ([FALSE], "otherwise"),
    ],
)
def test_an_answer_stands_in_one_place(lessons: list[Lesson], place: str) -> None:
    assert Coverage(lessons).place(ASKED) == place


def test_what_the_passage_does_not_say_is_otherwise_also_when_it_was_not_learned() -> None:
    assert Coverage([FALSE]).place(replace(ASKED, said="I do not know.")) == "otherwise"
    assert Coverage([replace(FALSE, passage="")]).place(replace(ASKED, said="I do not know.")) == "nowhere"


def test_free_text_is_not_looked_for() -> None:
    free = replace(ASKED, expected="because it is lower than the other one")
    assert Coverage([lesson()]).place(free) == "unknown"


def test_a_row_is_supported_by_its_passage() -> None:
    assert unsupported(FALSE)
    assert not unsupported(lesson())
    assert not unsupported(replace(FALSE, passage=""))
