from workbench.evaluation.fewshot import Examples
from workbench.evaluation.questions import Question


def question(number: int, leaf: str = "leaf", asked: str = "") -> Question:
    return Question(str(number), leaf, asked or f"What is {number}?", "a", ("a", "b"), 0)


QUESTIONS = [question(number) for number in range(5)]


def test_the_first_other_questions_of_the_leaf_are_the_examples() -> None:
    examples = Examples([*QUESTIONS, question(9, "other")], {})
    assert examples.before(QUESTIONS[4], 2) == QUESTIONS[:2]
    assert examples.before(QUESTIONS[1], 2) == [QUESTIONS[0], QUESTIONS[2]]
    assert examples.before(QUESTIONS[0], 0) == []


def test_where_there_are_fewer_all_are_taken() -> None:
    assert len(Examples(QUESTIONS, {}).before(QUESTIONS[0], 9)) == 4
    assert Examples([QUESTIONS[0]], {}).before(QUESTIONS[0], 9) == []


def test_the_same_question_said_twice_is_no_example_of_itself() -> None:
    twin = question(7, asked="what is  3?")
    assert twin not in Examples([twin, *QUESTIONS], {}).before(QUESTIONS[3], 9)


def test_given_examples_come_before_other_questions() -> None:
    given = [question(number) for number in (20, 3, 21)]
    examples = Examples(QUESTIONS, {"leaf": given, "other": []})
    assert examples.before(QUESTIONS[0], 2) == given[:2]
    assert examples.before(QUESTIONS[3], 2) == [given[0], given[2]]
