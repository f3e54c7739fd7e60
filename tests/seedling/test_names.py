import random
import re

import pytest

from workbench.seedling import names
from workbench.seedling.names import ENDINGS, Space

DRAWS = 10_000
KINDS = ("year", "person", "town", "stone", "metres", "hectares", "people", "students", "crowns")


def words_and_numbers(space: Space) -> set[str]:
    """What a space draws, word by word and number by number; units are no names."""
    rng = random.Random(f"test {space.value}")
    drawn = [names.invented_word(rng, space, rng.choice(sorted(ENDINGS))) for _ in range(DRAWS)]
    drawn += [names.value(rng, space, rng.choice(KINDS)) for _ in range(DRAWS)]
    drawn += [names.near_miss(rng, space, value) for value in drawn[-2000:]]
    return {word.casefold() for value in drawn for word in re.findall(r"[A-Z]\w+|\d+", value)}


def test_no_word_and_no_number_is_in_two_spaces() -> None:
    recipe, trial, sample = (words_and_numbers(space) for space in Space)
    assert min(len(each) for each in (recipe, trial, sample)) > 1000
    assert not recipe & trial
    assert not recipe & sample
    assert not trial & sample


def test_the_space_is_seen_from_the_text_alone() -> None:
    rng = random.Random(1)
    for space in Space:
        word = names.invented_word(rng, space, "town")
        assert names.space_of_word(word) is names.space_of_word(word.upper()) is space
        assert names.space_of_number(names.number(rng, space, (100, 200))) is space


def test_a_value_has_the_form_of_its_kind() -> None:
    rng = random.Random(1)
    forms = {
        "year": r"1[2-8]\d\d",
        "person": r"[A-Z][a-z]+ [A-Z][a-z]+",
        "town": r"[A-Z][a-z]+",
        "stone": r"[A-Z][a-z]+",
        **{kind: rf"[1-9]\d{{1,2}} {kind}" for kind in ("metres", "hectares", "people", "students", "crowns")},
    }
    assert set(forms) == set(KINDS)
    for kind, form in forms.items():
        assert all(re.fullmatch(form, names.value(rng, Space.RECIPE, kind)) for _ in range(200))


@pytest.mark.parametrize("space", Space)
def test_a_near_miss_is_another_value_that_looks_like_the_right_one(space: Space) -> None:
    rng = random.Random(2)
    for kind in KINDS:
        for _ in range(100):
            right = names.value(rng, space, kind)
            missed = names.near_miss(rng, space, right)
            assert missed != right
            assert [word.isdigit() for word in missed.split()] == [word.isdigit() for word in right.split()]
            if kind == "person":
                assert missed.split()[0] == right.split()[0]
            if right[0].isdigit():
                assert len(missed) == len(right)


def test_a_number_without_neighbours_still_gets_a_near_miss() -> None:
    assert names.near_miss(random.Random(1), Space.SAMPLE, "38 people").endswith(" people")


def test_equal_seeds_draw_equal_words() -> None:
    first, second = (
        [names.value(rng, Space.TRIAL, kind) for kind in KINDS for _ in range(20)]
        for rng in (random.Random(5), random.Random(5))
    )
    assert first == second
