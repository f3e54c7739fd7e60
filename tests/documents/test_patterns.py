import pytest

from workbench.documents.patterns import matches
from workbench.errors import DocumentError


@pytest.mark.parametrize(
    ("name", "pattern", "covered"),
    [
        ("a.md", "*.md", True),
        ("docs/a.md", "*.md", False),
        ("docs/a.md", "docs/*.md", True),
        ("docs/a.md", "./docs/a.md", True),
        ("docs/deep/er/a.md", "docs/**/*.md", True),
        ("docs/a.md", "docs/**/**/*.md", True),
        ("a.md", "**/*.md", True),
        ("docs/deep/a.md", "**", True),
        ("a1.md", "a[0-9].md", True),
        ("a.MD", "*.md", False),
    ],
)
def test_stars_stay_in_a_folder_and_double_stars_cross_them(name: str, pattern: str, covered: bool) -> None:
    assert matches(name, [pattern]) is covered


def test_any_of_several_patterns_is_enough() -> None:
    assert matches("b.pdf", ["*.md", "*.pdf"])


@pytest.mark.parametrize("pattern", ["/etc/*.md", "../*.md", "docs/../../*.md"])
def test_a_pattern_that_leads_out_is_refused(pattern: str) -> None:
    with pytest.raises(DocumentError, match="leads out"):
        matches("a.md", [pattern])
