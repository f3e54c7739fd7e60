import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import TaxonomyError
from workbench.taxonomy.member_names import Limits, Names, belongs, is_litter, safe_parts


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("knowledge/a/qna.yaml", ("knowledge", "a", "qna.yaml")),
        ("./knowledge//a/./qna.yaml", ("knowledge", "a", "qna.yaml")),
        ("knowledge/", ("knowledge",)),
        ("./", ()),
        ("", ()),
        ("...", ("...",)),
        ("a..b/c", ("a..b", "c")),
        ("über/日本.md", ("über", "日本.md")),
    ],
)
def test_a_name_is_its_folders_and_file(name: str, parts: tuple[str, ...]) -> None:
    assert safe_parts(name, Limits()) == parts


@given(st.text())
def test_what_is_let_through_stays_below(name: str) -> None:
    try:
        parts = safe_parts(name, Limits())
    except TaxonomyError:
        return
    assert not {"", ".", ".."} & set(parts)
    assert not any(letter in part for part in parts for letter in "/\\\0\n")
    "/".join(parts).encode()


@pytest.mark.parametrize("name", ["/a", "a/../b", "..", "C:/a", "z:a", "a\\b", "a\0b", "a\x7f", "\ud800"])
def test_what_could_lead_out_is_refused(name: str) -> None:
    with pytest.raises(TaxonomyError):
        safe_parts(name, Limits())


def test_limits_are_kept() -> None:
    limits = Limits(depth=3, path_bytes=20)
    assert safe_parts("a/b/c", limits) == ("a", "b", "c")
    for name in ("a/b/c/d", "a" * 21, "é" * 11):
        with pytest.raises(TaxonomyError):
            safe_parts(name, limits)


@pytest.mark.parametrize("name", [".git/config", "a/._b", "a/.DS_Store", "__MACOSX/a", "a/Thumbs.db", "a/qna.yaml~"])
def test_what_systems_leave_behind_is_litter(name: str) -> None:
    assert is_litter(name.split("/"))
    assert not belongs(name.split("/"))


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("knowledge/a/qna.yaml", True),
        ("compositional_skills/a/table.csv", True),
        ("foundational_skills/a/qna.yaml", True),
        ("documents/a.MD", True),
        ("README.txt", False),
        ("HEAD", False),
        ("scripts/check.py", False),
    ],
)
def test_trees_and_documents_belong_to_a_taxonomy(name: str, inside: bool) -> None:
    assert belongs(name.split("/")) is inside


def test_a_name_is_taken_once() -> None:
    names, parts = Names(9), ("knowledge", "a", "qna.yaml")
    names.take(("knowledge",), folder=True)
    names.take(parts, folder=False)
    names.take(("knowledge", "a"), folder=True)
    names.take(("knowledge", "b", "qna.yaml"), folder=False)
    for again in (parts, ("knowledge", "A", "other"), ("KNOWLEDGE",)):
        with pytest.raises(TaxonomyError):
            names.take(again, folder=False)
    with pytest.raises(TaxonomyError, match="both"):
        names.take((*parts, "below"), folder=False)


def test_folders_count_as_files_do() -> None:
    names = Names(4)
    names.take(("knowledge", "a", "qna.yaml"), folder=False)
    names.take(("knowledge", "a", "attribution.txt"), folder=False)
    with pytest.raises(TaxonomyError, match="more than 4 files and folders"):
        names.take(("knowledge", "b"), folder=True)
