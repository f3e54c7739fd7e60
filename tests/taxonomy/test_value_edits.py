from typing import Any

import pytest
import yaml

from tests.taxonomy.qna_styles import QNA_STYLES
from workbench.taxonomy.splice import splice
from workbench.taxonomy.value_edits import plan_edits
from workbench.taxonomy.yaml_parts import read_source


@pytest.mark.parametrize("style", QNA_STYLES)
def test_where_nothing_differs_there_is_nothing_to_do(style: str) -> None:
    source = read_source(QNA_STYLES[style])
    assert plan_edits(source, yaml.safe_load(source.text), frozenset()) == []


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ("a: 1\nb: 2\n", {"a": 1, "c": 3, "b": 2}, "a: 1\nc: 3\nb: 2\n"),
        ("# h\n\na: 1\n", {"c": "yes", "a": 1}, '# h\n\nc: "yes"\na: 1\n'),
        ("a: 1", {"a": 1, "c": 3}, "a: 1\nc: 3"),
        ("a: |\n  x", {"a": "x", "c": 3}, "a: |-\n  x\nc: 3"),
        ("a: 1 # x\n# y\nb: 2\n", {"a": 1}, "a: 1 # x\n"),
        ("a: 1\n\nb: 2\n\nc: 3\n", {"a": 1, "c": 3}, "a: 1\n\nc: 3\n"),
        ("a: 1\n\nb: 2\n", {"a": 1}, "a: 1\n"),
        ("a: 1\n\nb: 2\n", {"a": 1, "b": 2, "c": 3}, "a: 1\n\nb: 2\n\nc: 3\n"),
        ("a: 1\n# x\nb: |+\n  y\n\nc: 3\n", {"b": "y\n\n", "c": 3}, "# x\nb: |+\n  y\n\nc: 3\n"),
        ("a: 1 # x\nb: 2\n", {"new": 1, "b": 2}, "new: 1 # x\nb: 2\n"),
        ("s:\n  - a: 1\n    b: 2\n", {"s": [{"b": 2}]}, "s:\n  - b: 2\n"),
        ("s:\n  - a: 1\n    # x\n    b: 2\n", {"s": [{"b": 2}]}, "s:\n  -\n    # x\n    b: 2\n"),
        ("s:\n  - a: 1\n", {"s": [{"c": 0, "a": 1}]}, "s:\n  - c: 0\n    a: 1\n"),
        ("s: [a, b, c]\n", {"s": ["b"]}, "s: [b]\n"),
        ("s: [a, b, c]\n", {"s": ["a"]}, "s: [a]\n"),
        ("s: [b]\n", {"s": ["a", "b", "c: d"]}, 's: [a, b, "c: d"]\n'),
        ("{a: 1, b: 2}\n", {"b": 2, "c": 3}, "{b: 2, c: 3}\n"),
        ("{}\n", {"a": 1}, "a: 1\n"),
        ("# c\n--- {}\n", {"a": 1}, "# c\n---\na: 1\n"),
        ("--- &r\na: 1\n", {"b": [2]}, "---\nb:\n  - 2\n"),
        ("a: &x k\n*x : 1\nb: 2\n", {"a": "k", "k": 5, "b": 2}, "a: &x k\n*x : 5\nb: 2\n"),
        ("a: &x k\n*x : 1\nb: 2\n", {"a": "k", "b": 2}, None),
        (".nan: 1\nb: 2\n", {"b": 7}, "b: 7\n"),
        ("a: &x 1\nb: *x\n", {"a": 2, "b": 1}, "a: &x 2\nb: 1\n"),
        ("a: &x 1\nb: *x\n", {"a": 2, "b": 2}, "a: &x 2\nb: *x\n"),
        ("a: &x 1\nb: *x # c\n", {"a": 1, "b": 2}, "a: &x 1\nb: 2 # c\n"),
        ("a: &x 1\nb: *x\n", {"b": 1}, "b: 1\n"),
        ("a: &x {k: 1}\nb:\n  <<: *x\n  l: 2\n", {"a": {"k": 1}, "b": {"k": 3, "l": 2}}, None),
        ("a: &x {k: 1}\nb:\n  <<: *x\n  l: 2\n", {"a": {"k": 3}, "b": {"k": 3, "l": 2}}, None),
        ("a: &x {k: 1}\nb:\n  <<: *x\n  l: 2\n", {"a": {"k": 1}, "b": {"l": 2}}, "a: &x {k: 1}\nb:\n  l: 2\n"),
        ("a: 1\na: 2\nb: 3\n", {"b": 3}, "b: 3\n"),
        ("? a\n: 1\nb: 2\n", {"a": 5, "b": 2}, "? a\n: 5\nb: 2\n"),
    ],
)
def test_keys_come_and_go_in_their_lines(before: str, wanted: dict[str, Any], after: str | None) -> None:
    made = splice(before, wanted)
    assert yaml.safe_load(made) == wanted
    assert after is None or made == after
