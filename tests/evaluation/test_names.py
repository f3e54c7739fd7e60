import pytest

from workbench.evaluation.names import comparable, essentials, states, subjects, words


def test_words_are_compared_without_case_and_marks() -> None:
    assert words("The tower, built in 1,214 -- by Ann O'Neil.") >= {"tower", "1,214", "ann", "o'neil"}


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Who designed Firemric Light?", {"firemric", "light"}),
        ("Firemric Light has which height?", {"firemric", "light"}),
        ("Tell me who built it.", set()),
        ("What happened in 1214?", {"1214"}),
    ],
)
def test_a_question_is_about_its_names_and_numbers(question: str, found: set[str]) -> None:
    assert subjects(question) == found


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("Gilelholm", {"gilelholm"}),
        ("136 metres", {"136"}),
        ("light blue", {"light", "blue"}),
        ("It was completed by Walia Pelcourt in 1214.", {"walia", "pelcourt", "1214"}),
        ("because it is shorter than the other one", set()),
    ],
)
def test_an_answer_cannot_do_without_its_names_and_numbers(answer: str, found: set[str]) -> None:
    assert essentials(answer) == found


def test_an_answer_may_say_it_in_other_words_but_not_repeat_the_question() -> None:
    asked = "Who designed Selnor Light?"
    assert states("Selnor Light was designed by Osia Pordal, in 1249", "Osia Pordal", asked)
    assert states(" osia  pordal.", "Osia Pordal", asked)
    assert not states("It was Osia Moremter", "Osia Pordal", asked)
    assert not states(f"{asked} Selnor", "Selnor Light", asked)


def test_free_text_needs_a_judge() -> None:
    assert comparable("What is it?", "a small harbour")
    assert comparable("Who built it?", "It was built by Walia Pelcourt a long time ago")
    assert not comparable("Say it: Selnor Light is tall.", "There is a tall building called Selnor Light")
