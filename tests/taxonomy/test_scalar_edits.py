from typing import Any

import pytest

from tests.taxonomy.spliced import edit


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("a: b # c\n", "d", "a: d # c\n"),
        ("a: 'b'\n", "it's", "a: 'it''s'\n"),
        ("a: 'b'\n", "x\ny", "a: |-\n  x\n  y\n"),
        ('a: "b"\n', "no", 'a: "no"\n'),
        ('a: "b"\n', "x\ny", 'a: "x\\ny"\n'),
        ("a: b\n", "no", 'a: "no"\n'),
        ("a: b\n", "1:30", 'a: "1:30"\n'),
        ("a: b\n", "=", 'a: "="\n'),
        ("a: b\n", "- c", 'a: "- c"\n'),
        ("a: b\n", "c: d", 'a: "c: d"\n'),
        ("a: b\n", "c #d", 'a: "c #d"\n'),
        ("a: b\n", "x\ny\n", "a: |\n  x\n  y\n"),
        ("a: b\n", " x\ny", 'a: " x\\ny"\n'),
        ("a: b\n", "x \ny", 'a: "x \\ny"\n'),
        ("a: b\n", "x\n\u2028y", 'a: "x\\n\\u2028y"\n'),
        ("a: b\n", "x\n\n\n\ny", 'a: "x\\n\\n\\n\\ny"\n'),
        ("a: b\n", "x\n\n", 'a: "x\\n\\n"\n'),
        ("a: b\n", 5, "a: 5\n"),
        ("a: b\n", None, "a: null\n"),
        ("a: b # c\n", "x\ny", "a: |- # c\n  x\n  y\n"),
        ("a:\n  # c\n  b\n", [1], "a:\n  # c\n  - 1\n"),
        ("a: # c\n", "x", "a: x # c\n"),
        ("a:\n", {"b": [{"c": "d"}]}, "a:\n  b:\n    - c: d\n"),
        ("a: |- # c\n  b\n\n", "x", "a: |- # c\n  x\n\n"),
        ("a: |\n    b\n", "x\n  y\n", "a: |\n    x\n      y\n"),
        ("a: |\n    b\n", "x", "a: |-\n    x\n"),
        ("a: |\n  x\n \n  y\n", "x\n\nz\n", "a: |\n  x\n \n  z\n"),
        ("a: |\n  b", "x\n", "a: |\n  x\n"),
        ("a: >\n  b c\n  d\n\n  e\n", "b c\nf\n", "a: >\n  b c\n\n  f\n"),
        ("a: >-\n  b c\n  d\n", "", 'a: ""\n'),
        ("a: >-\n  b c\n  d\n  e\n", "b c x e", "a: >-\n  b c\n  x\n  e\n"),
        ("a: b c\n  d\n  e\n", "b c x e", "a: b c\n  x\n  e\n"),
        ("a: b\n  # c\n", "x\ny", 'a: "x\\ny"\n  # c\n'),
        ("{a: b}\n", "c, d", '{a: "c, d"}\n'),
        ("{a: b}\n", "x\ny", '{a: "x\\ny"}\n'),
        ("a: [b]\n", [], "a: []\n"),
        ("a: []\n", ["b"], "a:\n  - b\n"),
        ("--- # c\na: b\n...\n", "x", "--- # c\na: x\n...\n"),
    ],
)
def test_a_value_keeps_the_style_that_can_hold_it(before: str, value: Any, after: str) -> None:
    assert edit(before, ("a",), value) == after
