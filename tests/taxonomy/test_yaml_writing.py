import pytest

from workbench.errors import TaxonomyError
from workbench.taxonomy.yaml_writing import HOUSE, Habits, block_lines, flow_text, require_shallow, written

VALUE = {"a": [{"b": "c\nd", "e": []}, ["f", {"g": None}]]}


def test_blocks_are_indented_as_the_file_is() -> None:
    assert block_lines(VALUE, 0, HOUSE) == [
        "a:",
        "  - b: |-",
        "      c",
        "      d",
        "    e: []",
        "  - - f",
        "    - g: null",
    ]
    assert block_lines(VALUE, 0, Habits(step=4, indented=False))[:4] == ["a:", "- b: |-", "      c", "      d"]


def test_an_item_begins_on_the_line_of_its_hyphen() -> None:
    assert written({"a": 1, "b": 2}, 2, HOUSE, item=True) == ("a: 1", ["    b: 2"])
    assert written({"a": 1}, 2, HOUSE) == ("", ["    a: 1"])
    assert written("a\nb", 0, Habits(blocks=False)) == ('"a\\nb"', [])


def test_between_brackets_everything_is_on_one_line() -> None:
    assert flow_text(VALUE) == '{a: [{b: "c\\nd", e: []}, [f, {g: null}]]}'
    assert flow_text({"b", "a"}) == "!!set {a: null, b: null}"


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep: list[object] = []
    for _ in range(70):
        deep = [deep]
    with pytest.raises(TaxonomyError, match="levels deep"):
        require_shallow({"a": deep})
