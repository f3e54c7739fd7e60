from datetime import date, datetime
from typing import Any

import pytest
import yaml

from tests.taxonomy.spliced import changes
from workbench.taxonomy.alignment import align, same
from workbench.taxonomy.splice import splice
from workbench.taxonomy.starting_files import starting_files


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        ("1", 1),
        (None, ""),
        ([1], (1,)),
        ({"a": 1}, {"a": True}),
        ({1: "a"}, {True: "a"}),
        (date(2001, 1, 1), datetime(2001, 1, 1)),
        ({1}, [1]),
    ],
)
def test_values_of_different_types_are_not_the_same(one: Any, other: Any) -> None:
    assert not same(one, other)
    assert same(one, one)


def test_the_order_of_keys_does_not_count_and_nan_is_itself() -> None:
    assert same({"a": 1, "b": [float("nan")]}, {"b": [float("nan")], "a": 1})


@pytest.mark.parametrize(
    ("old", "new", "places", "moved"),
    [
        ("abcde", "acde", (0, 2, 3, 4), {}),
        ("abc", "xabc", (None, 0, 1, 2), {}),
        ("abc", "cab", (None, 0, 1), {0: 2}),
        ("aab", "aba", (1, 2, None), {2: 0}),
        ("", "a", (None,), {}),
        (["one two three", "four five six"], ["four five seven"], (1,), {}),
        (["one two", "three four"], ["one too", "three for", "five"], (0, 1, None), {}),
        ([{"q": "a b c", "a": "d"}, {"q": "e f g", "a": "h"}], [{"q": "e f g", "a": "i"}], (1,), {}),
    ],
)
def test_items_are_found_again(old: Any, new: Any, places: tuple[int | None, ...], moved: dict[int, int]) -> None:
    found = align(list(old), list(new))
    assert (found.places, found.moved) == (places, moved)


def test_lists_too_long_to_compare_all_pairs_are_taken_in_order() -> None:
    found = align([f"old {n}" for n in range(50)], [f"new {n}" for n in range(50)])
    assert found.places == tuple(range(50))


def test_two_seeds_edited_and_one_deleted_are_told_apart() -> None:
    text = starting_files("skill")["qna.yaml"]
    wanted = yaml.safe_load(text)
    del wanted["seed_examples"][1]
    wanted["seed_examples"][1]["answer"] = "It is a quarter past eight."
    assert changes(text, splice(text, wanted)) == [
        "-   - question: How is 07:30 said on a 12-hour clock?\n",
        "-     answer: It is half past seven in the morning.\n",
        "-     answer: It is a quarter past eight in the evening.\n",
        "+     answer: It is a quarter past eight.\n",
    ]
