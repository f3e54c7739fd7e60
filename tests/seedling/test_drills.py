import random
import re
from collections.abc import Callable

import pytest

from workbench.seedling import drills
from workbench.seedling.exercises import Exercise
from workbench.seedling.names import Space, space_of_number, space_of_word

Drill = Callable[[random.Random, Space], Exercise]
COUNT = 200
REGISTERS = (drills.easy_register, drills.bare_register, drills.register)


def drawn(drill: Drill, count: int = COUNT, space: Space = Space.RECIPE) -> list[Exercise]:
    rng = random.Random(5)
    return [drill(rng, space) for _ in range(count)]


def asked_names(exercise: Exercise) -> list[str]:
    return [asked.rpartition("\n\n")[2] for asked, _ in exercise.turns]


def lines(exercise: Exercise) -> list[str]:
    return exercise.turns[0][0].rpartition("\n\n")[0].split("\n")


@pytest.mark.parametrize("drill", REGISTERS)
def test_every_name_of_a_register_is_asked_for_once_and_answered_with_its_value(drill: Drill) -> None:
    for exercise in drawn(drill):
        wanted = asked_names(exercise)
        assert len(set(wanted)) == len(wanted) == len(lines(exercise))
        for name, (_, said) in zip(wanted, exercise.turns, strict=True):
            assert sum(line.startswith(name) and line.endswith(said) for line in lines(exercise)) == 1


def test_one_name_that_a_register_does_not_hold_is_answered_with_nothing() -> None:
    places = set()
    for exercise in drawn(drills.register_or_nothing):
        said = [answer for _, answer in exercise.turns]
        assert said.count("nothing") == 1
        strange = asked_names(exercise)[said.index("nothing")]
        assert not any(line.startswith(f"{strange}:") for line in lines(exercise))
        assert len(lines(exercise)) == len(said) - 1
        places.add(said.index("nothing"))
    assert places == {0, 1, 2, 3}


@pytest.mark.parametrize(("drill", "fewest", "most"), [(drills.easy_register, 2, 3), (drills.register, 2, 6)])
def test_registers_have_so_many_lines(drill: Drill, fewest: int, most: int) -> None:
    assert {len(lines(exercise)) for exercise in drawn(drill)} == set(range(fewest, most + 1))


def test_names_are_asked_for_in_any_order() -> None:
    first = [lines(exercise)[0].startswith(asked_names(exercise)[0]) for exercise in drawn(drills.easy_register)]
    assert 0.3 < sum(first) / len(first) < 0.55


def test_wide_registers_differ_in_separator_noun_and_kind() -> None:
    text = "\n".join(lines(exercise)[0] for exercise in drawn(drills.register))
    for found in (": ", " - ", " | ", ", ", " = ", " Pier", " metres", r"[a-z] [A-Z][a-z]+$", r"\b1[2-8]\d\d$"):
        assert re.search(found, text, re.MULTILINE), found


def test_a_choice_is_answered_with_its_letter() -> None:
    letters = set()
    for exercise in drawn(drills.letters):
        for name, (_, letter) in zip(asked_names(exercise), exercise.turns, strict=True):
            assert f"{letter}) {name}" in lines(exercise)
            letters.add(letter)
    assert letters == set("ABCD")


@pytest.mark.parametrize("drill", [drills.compare, drills.compare_apart])
def test_half_of_what_is_compared_is_the_same(drill: Drill) -> None:
    exercises = drawn(drill, 400)
    same = [exercise for exercise in exercises if exercise.turns[0][1] == "YES"]
    assert {exercise.turns[0][1] for exercise in exercises} == {"YES", "NO"}
    assert 0.4 < len(same) / len(exercises) < 0.6
    for exercise in drawn(drills.compare):
        first, second = exercise.turns[0][0].split("\n")
        assert (first == second) is (exercise.turns[0][1] == "YES")


@pytest.mark.parametrize("drill", [*REGISTERS, drills.letters, drills.compare, drills.compare_apart])
def test_drills_draw_from_their_space_alone(drill: Drill) -> None:
    rng, other = random.Random(5), random.Random(5)
    assert drill(rng, Space.RECIPE) == drill(other, Space.RECIPE)
    for exercise in drawn(drill, 50, Space.TRIAL):
        for _, said in exercise.turns:
            if number := re.match(r"\d+", said):
                assert space_of_number(int(number[0])) is Space.TRIAL
            elif said not in ("YES", "NO", *"ABCD"):
                assert {space_of_word(word) for word in said.split()} == {Space.TRIAL}
