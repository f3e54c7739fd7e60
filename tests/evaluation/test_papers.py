from collections.abc import Sequence

import pytest

from tests.evaluation.pupils import Pupil
from workbench.errors import EvaluationError, ModelError
from workbench.evaluation.fewshot import Examples
from workbench.evaluation.papers import Answers, Sheet
from workbench.evaluation.questions import Question
from workbench.messages import Message

HEADING = "The following are multiple choice questions (with answers) about deep sea.\n\n"
LISTED = "A. red\nB. blue\nC. green\nD. grey\nAnswer:"


def question(number: int, leaf: str = "mmlu_deep_sea") -> Question:
    choices = ("red", "blue", "green", "grey")
    return Question(str(number), leaf, f" Colour {number}? ", choices[number % 4], choices, number % 4)


QUESTIONS = [question(number) for number in range(4)]
EXAMPLES = Examples(QUESTIONS, {})


class Chatty(Pupil):
    """Its template leaves white space where the answer begins, and may know no system."""

    def __init__(self, *, system: bool) -> None:
        super().__init__()
        self.system = system

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        if not self.system and messages[0]["role"] == "system":
            raise ModelError("no system")
        return "".join(f"[{each['role']}]\n{each['content']}\n" for each in messages) + "[assistant]\n"


def test_letters_stand_behind_listed_choices() -> None:
    request = Sheet(EXAMPLES, 1).request(Pupil(), QUESTIONS[2])
    assert request.prompt == f"{HEADING}Colour 0?\n{LISTED} A\n\nColour 2?\n{LISTED}"
    assert request.continuations == (" A", " B", " C", " D")
    assert request.tag == "mmlu_deep_sea/2"


def test_texts_stand_behind_them_too() -> None:
    request = Sheet(EXAMPLES, 1, texts=True).request(Pupil(), QUESTIONS[2])
    assert request.prompt.endswith(f"Colour 0?\n{LISTED} red\n\nColour 2?\n{LISTED}")
    assert request.continuations == (" red", " blue", " green", " grey")


def test_other_leaves_have_no_heading() -> None:
    asked = question(1, "knowledge/colours")
    assert Sheet(Examples([asked], {}), 5).request(Pupil(), asked).prompt == f"Colour 1?\n{LISTED}"


def test_in_a_chat_examples_are_turns_and_white_space_goes_with_the_answer() -> None:
    request = Sheet(EXAMPLES, 1, chat=True).request(Chatty(system=True), QUESTIONS[2])
    assert request.prompt == (
        f"[system]\n{HEADING}\n[user]\nColour 0?\n{LISTED}\n[assistant]\nA\n[user]\nColour 2?\n{LISTED}\n[assistant]"
    )
    assert request.continuations == ("\nA", "\nB", "\nC", "\nD")


def test_a_template_without_a_system_does_without_the_heading() -> None:
    request = Sheet(EXAMPLES, 0, chat=True).request(Chatty(system=False), QUESTIONS[2])
    assert request.prompt == f"[user]\nColour 2?\n{LISTED}\n[assistant]"


def test_a_model_without_a_template_cannot_chat() -> None:
    with pytest.raises(ModelError, match="no chat template"):
        Sheet(EXAMPLES, 0, chat=True).request(Pupil(template=False), QUESTIONS[2])


@pytest.mark.parametrize(("size", "fitting"), [(43, 1), (57, 2)])
def test_examples_that_do_not_fit_are_an_error_that_says_how_many_do(size: int, fitting: int) -> None:
    room = Sheet(EXAMPLES, 3)
    engine = Pupil(context_size=size)
    with pytest.raises(EvaluationError, match=f"^mmlu_deep_sea: with 3 examples .* with {fitting} they do") as raised:
        room.check_room(engine, QUESTIONS)
    assert f"--few-shots {fitting}" in raised.value.hint
    Sheet(EXAMPLES, fitting).check_room(engine, QUESTIONS)
    with pytest.raises(EvaluationError):
        Sheet(EXAMPLES, fitting + 1).check_room(engine, QUESTIONS)


def test_a_question_that_is_too_long_by_itself_is_no_matter_of_examples() -> None:
    Sheet(EXAMPLES, 3).check_room(Pupil(context_size=5), QUESTIONS)
    Answers().check_room(Pupil(context_size=5), QUESTIONS)
