from pathlib import Path

import pytest

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.errors import ConflictError, NotFoundError, UsageError
from workbench.taxonomy.leaf_files import add_leaf, leaf_path, new_leaf
from workbench.taxonomy.qna import Kind


@pytest.mark.parametrize(
    ("kind", "path", "whole"),
    [
        ("skill", "writing/letters", "compositional_skills/writing/letters"),
        ("skill", "compositional_skills/writing", "compositional_skills/writing"),
        ("knowledge", "knowledge/a/", "knowledge/a"),
    ],
)
def test_the_top_folder_may_be_left_out(kind: Kind, path: str, whole: str) -> None:
    assert leaf_path(kind, path) == whole


@pytest.mark.parametrize("path", ["", "..", "a/../b", "/etc", "old towns", "a//b", ".git/a", "knowledge", "a\nb"])
def test_a_path_that_upstream_stumbles_over_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="cannot be the path"):
        leaf_path("knowledge", path)


def test_a_new_leaf_never_takes_the_place_of_another(tree: Path) -> None:
    with pytest.raises(ConflictError, match="already"):
        new_leaf(tree, "skill", "writing/clocks")


def test_a_new_leaf_is_not_put_beside_a_misnamed_file(tree: Path) -> None:
    folder = tree / "compositional_skills/writing/letters"
    folder.mkdir()
    (folder / "qna.yml").write_text("mine\n")
    with pytest.raises(ConflictError, match=r"letters/qna\.yml already, which nobody reads"):
        new_leaf(tree, "skill", "writing/letters")
    assert [file.name for file in folder.iterdir()] == ["qna.yml"]


def test_a_leaf_is_added_from_files_once(tree: Path) -> None:
    qna, attribution = tree / SKILL / "qna.yaml", tree / SKILL / "attribution.txt"
    added = add_leaf(tree, "compositional_skills/copy", qna, attribution)
    assert added.written == ("qna.yaml", "attribution.txt")
    assert added.leaf.qna_file.read_bytes() == qna.read_bytes()
    again = add_leaf(tree, "compositional_skills/copy", qna, attribution)
    assert (again.written, again.kept) == ((), ())
    assert "is there already" in again._repr_html_()


def test_edits_are_never_written_over(tree: Path) -> None:
    mine = tree / KNOWLEDGE / "qna.yaml"
    mine.write_text("mine\n")
    added = add_leaf(tree, KNOWLEDGE, tree / SKILL / "qna.yaml", tree / SKILL / "attribution.txt")
    assert mine.read_text() == "mine\n"
    assert added.kept == ("qna.yaml", "attribution.txt")
    assert added.summary == f"{KNOWLEDGE} has its own qna.yaml and attribution.txt: left as it is"


def test_a_leaf_is_added_inside_the_taxonomy_only(tree: Path) -> None:
    with pytest.raises(UsageError, match="outside the taxonomy"):
        add_leaf(tree, "elsewhere/a", tree / SKILL / "qna.yaml", tree / SKILL / "attribution.txt")
    with pytest.raises(NotFoundError, match="there is no file"):
        add_leaf(tree, "knowledge/a", tree / "nowhere", tree / SKILL / "attribution.txt")
    assert not (tree / "knowledge/a").exists()


@pytest.mark.parametrize(
    ("kind", "path"),
    [("skill", "knowledge/a"), ("knowledge", "compositional_skills/a"), ("knowledge", "a/compositional_skills/b")],
)
def test_the_nearest_folder_has_to_be_of_its_kind(kind: Kind, path: str) -> None:
    with pytest.raises(UsageError, match="is the path of"):
        leaf_path(kind, path)


def test_nothing_is_written_through_a_link_or_below_a_file(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tree / "knowledge/out").symlink_to(tmp_path / "outside")
    with pytest.raises(UsageError, match="leads out of the taxonomy"):
        new_leaf(tree, "knowledge", "out/leaf")
    with pytest.raises(ConflictError, match="is a file"):
        new_leaf(tree, "skill", "writing/clocks/qna.yaml")
    assert list((tmp_path / "outside").iterdir()) == []
