import pytest
import yaml

from workbench.taxonomy.lint import LintRules, lint
from workbench.taxonomy.style_mends import with_usual_indentation, with_usual_spacing


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("a : b\nc:   d\n", "a: b\nc: d\n"),
        ("a: [b,c ,  d]\ne: [  f  ]\n", "a: [b, c, d]\ne: [f]\n"),
        ("a: {  b: c  }\n", "a: {b: c}\n"),
        ("a: |\n  b :   c , d\ne:  f # g :  h\n", "a: |\n  b :   c , d\ne: f # g :  h\n"),
        ("a: 🙂\nb:  🙂  # c\n", "a: 🙂\nb: 🙂  # c\n"),
    ],
)
def test_blanks_are_where_yamllint_wants_them(text: str, mended: str) -> None:
    assert with_usual_spacing(text) == mended
    assert not list(lint(mended, "", LintRules()))
    assert yaml.safe_load(text) == yaml.safe_load(mended)


def test_a_comma_that_begins_a_line_is_left_to_a_person() -> None:
    assert with_usual_spacing("a: [b\n   , c]\n") == "a: [b\n   , c]\n"


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("a:\n  - b\nc:\n- d\n- e: f\n", "a:\n  - b\nc:\n  - d\n  - e: f\n"),
        ("a:\n- b\nc:\n  - d\n  # e\n  - f\n", "a:\n- b\nc:\n- d\n# e\n- f\n"),
        ("a:\n  -   b: |\n        x\n          y\n      c: d\n", "a:\n  - b: |\n      x\n        y\n    c: d\n"),
        ("a:\n  b: c\nd:\n    e:\n       - f\n", "a:\n  b: c\nd:\n  e:\n    - f\n"),
        ("a:\n  - b: c\n    d: e\n", "a:\n  - b: c\n    d: e\n"),
        ("a:\n  -  'b\n   c'\n  - d\n", "a:\n  - 'b\n  c'\n  - d\n"),
    ],
)
def test_lists_and_groups_are_indented_alike(text: str, mended: str) -> None:
    assert with_usual_indentation(text) == mended
    assert not list(lint(mended, "", LintRules()))
    assert yaml.safe_load(text) == yaml.safe_load(mended)
