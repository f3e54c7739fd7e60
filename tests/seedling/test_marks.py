import random

import pytest

from tests.generation.answering import FakeEngine
from workbench.seedling.marks import forms, marks


def test_only_what_is_right_to_the_letter_counts() -> None:
    found = marks(FakeEngine(lambda request, rng: "1"), 40, 1)
    assert found["answer"] == 0
    assert 0.3 < found["stands_alone"] < 0.7
    assert set(found) == set(forms())


def test_the_questions_follow_from_the_seed_alone() -> None:
    asked = []
    for seed in (1, 1, 2):
        engine = FakeEngine()
        marks(engine, 5, seed)
        asked.append([request.messages[0]["content"] for request in engine.asked])
    assert asked[0] == asked[1] != asked[2]


@pytest.mark.parametrize("form", sorted(forms()))
def test_a_form_has_one_right_answer(form: str) -> None:
    draw = forms()[form]
    for number in range(30):
        one, again = draw(random.Random(number)), draw(random.Random(number))
        assert one == again
        assert one.turns[0][1]
