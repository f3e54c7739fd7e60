import pytest

from workbench.evaluation.verdicts import Item, judge_leaf


def items(before: int, after: int, count: int, *, things: int = 0, kind: str = "seeds") -> list[Item]:
    """So many of `count` questions right before and after, about as many things unless fewer are given."""
    return [
        Item("leaf", kind, str(place), "?", f"Thing {place % (things or count)}", "", place < before, place < after)
        for place in range(count)
    ]


@pytest.mark.parametrize(
    ("before", "after", "count", "verdict"),
    [
        (0, 40, 40, "learned"),
        (10, 38, 40, "learned"),
        (10, 24, 40, "learned in part"),
        (10, 26, 40, "learned in part"),
        (10, 11, 40, "not learned"),
        (36, 37, 40, "knew it before"),
        (36, 10, 40, "forgotten"),
        (16, 20, 40, "cannot say"),
        (0, 2, 3, "cannot say"),
    ],
)
def test_a_verdict_says_no_more_than_the_intervals(before: int, after: int, count: int, verdict: str) -> None:
    found = judge_leaf("leaf", items(before, after, count))
    assert found
    assert found.verdict == verdict


def test_many_questions_about_few_things_are_few() -> None:
    found = judge_leaf("leaf", items(10, 24, 40, things=6))
    assert found
    assert (found.verdict, found.after.trials) == ("cannot say", 6)
    assert "40 questions about 6 things are too few to tell" in found.reason


def test_a_level_may_be_sure_where_the_difference_is_not() -> None:
    lacking = [
        judge_leaf("leaf", items(before, after, 40)) for before, after in ((14, 20), (24, 30), (10, 11), (0, 40))
    ]
    assert [found.verdict for found in lacking if found] == ["cannot say", "cannot say", "not learned", "learned"]
    assert [found.lacking for found in lacking if found] == [True, False, True, False]


def test_without_a_base_nothing_is_said_of_before() -> None:
    alone = [Item("leaf", "seeds", str(place), "?", str(place), "", None, True) for place in range(40)]
    found = judge_leaf("leaf", alone)
    assert found
    assert (found.verdict, found.before) == ("cannot say", None)
    assert "without a base" in found.reason


def test_only_questions_that_both_answered_are_compared() -> None:
    failed = [Item("leaf", "seeds", f"x{place}", "?", f"X{place}", "", None, False) for place in range(40)]
    found = judge_leaf("leaf", [*items(0, 40, 40), *failed])
    assert found
    assert found.verdict == "learned"
    assert judge_leaf("leaf", [Item("leaf", "seeds", "1", "?", "a", "", True, None)]) is None


def test_kinds_of_questions_are_told_apart() -> None:
    found = judge_leaf("leaf", [*items(0, 9, 9), *items(3, 4, 5, kind="choices")])
    assert found
    assert {kind: tallies["trained"].right for kind, tallies in found.kinds.items()} == {"seeds": 9, "choices": 4}
    record = found.record()
    assert record["kinds"]["choices"]["base"]["right"] == 3
