import pytest

from workbench.generation.filters import RowError, read_filter, readable


def accepts(test: str, values: list[object], value: object, **more: object) -> bool:
    return read_filter({"column": "c", "test": test, "values": values, **more}).accepts({"c": value})


@pytest.mark.parametrize(
    ("test", "value", "passes"),
    [
        ("equal", "2", True),
        ("equal", "3", False),
        ("unequal", "3", True),
        ("above", "2.5", True),
        ("above", "2", False),
        ("at_least", "2", True),
        ("below", "1", True),
        ("at_most", "2", True),
        ("at_most", "2.1", False),
    ],
)
def test_a_column_is_compared_as_a_number(test: str, value: str, passes: bool) -> None:
    assert accepts(test, ["2"], value, type="float") is passes


def test_one_of_the_values_is_enough() -> None:
    assert accepts("equal", ["a", "b"], "b")
    assert not accepts("equal", ["a", "b"], "c")
    assert accepts("contains", ["told", "said"], "he said so")
    assert not accepts("contains", ["told"], "he said so")


def test_what_is_no_number_fails_unless_there_is_a_fallback() -> None:
    with pytest.raises(RowError, match="c is no float"):
        accepts("equal", [1], "high", type="float")
    assert accepts("equal", [0], "high", type="float", fallback=0)
    assert not accepts("equal", [1], "high", type="float", fallback="0")
    with pytest.raises(RowError, match="c is no int"):
        accepts("equal", [1], "1.0", type="int")


def test_what_cannot_be_compared_fails() -> None:
    with pytest.raises(RowError, match="cannot be compared"):
        accepts("above", [2], "three")


def test_an_empty_text_is_not_readable() -> None:
    assert [readable(text, "text") for text in ("", "x")] == [False, True]
    assert [readable(text, "float") for text in ("", "1e2", "one")] == [False, True, False]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("score", "is no mapping"),
        ({"test": "equal", "values": [1]}, "names no `column`"),
        ({"column": "c", "test": "like", "values": [1]}, "has the test 'like'"),
        ({"column": "c", "test": "equal", "values": 1}, "`values` that are no list"),
        ({"column": "c", "test": "equal", "values": []}, "`values` that are no list"),
        ({"column": "c", "test": "equal", "values": ["x"], "type": "float"}, "compares with 'x', which is no float"),
        ({"column": "c", "test": "equal", "values": [1], "type": "number"}, "has the type 'number'"),
        ({"column": "c", "test": "equal", "values": [1], "type": "int", "fallback": "x"}, "'x', which is no int"),
        ({"column": "c", "test": "equal", "values": [1], "typ": "int"}, "has no key `typ`"),
    ],
)
def test_what_is_wrong_with_a_filter_is_told(given: object, told: str) -> None:
    with pytest.raises(ValueError, match="`filter`") as caught:
        read_filter(given)
    assert told in str(caught.value)
