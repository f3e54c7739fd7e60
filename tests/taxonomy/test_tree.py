from pathlib import Path

import pytest
from rich.console import Console

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.errors import NotFoundError
from workbench.taxonomy.leaf_files import new_leaf
from workbench.taxonomy.tree import is_misnamed, read_taxonomy, taxonomy_root


def test_leaves_come_in_the_order_of_their_paths(tree: Path) -> None:
    new_leaf(tree, "skill", "writing")
    assert [leaf.path for leaf in read_taxonomy(tree)] == ["compositional_skills/writing", SKILL, KNOWLEDGE]


def test_folders_outside_the_two_branches_are_left_alone(tree: Path) -> None:
    (tree / "foundational_skills/a").mkdir(parents=True)
    (tree / "foundational_skills/a/qna.yaml").touch()
    (tree / "knowledge/.ipynb_checkpoints").mkdir()
    (tree / "knowledge/.ipynb_checkpoints/qna.yaml").touch()
    assert len(read_taxonomy(tree)) == 2


def test_the_text_indents_each_folder_under_its_parent(tree: Path) -> None:
    new_leaf(tree, "skill", "writing")
    assert read_taxonomy(tree).text().splitlines() == [
        "taxonomy/  (1 knowledge leaf, 2 skills)",
        "    compositional_skills/",
        "        writing/  [freeform skill, 5 seeds, 5 pairs]",
        "            clocks/  [freeform skill, 5 seeds, 5 pairs]",
        "    knowledge/",
        "        town/",
        "            tool_library/  [knowledge, 5 seeds, 15 pairs]",
    ]


def test_a_notebook_shows_nested_lists(tree: Path) -> None:
    new_leaf(tree, "skill", "writing")
    shown = read_taxonomy(tree)._repr_html_()
    assert shown.count("<ul>") == shown.count("</ul>") == 5
    assert shown.count("<li>") == shown.count("</li>") == 6
    assert "tool_library <small>(knowledge, 5 seeds, 15 pairs)</small>" in shown


def test_a_terminal_shows_a_tree(tree: Path) -> None:
    console = Console(width=100)
    with console.capture() as shown:
        console.print(read_taxonomy(tree))
    assert "tool_library knowledge, 5 seeds, 15 pairs" in shown.get()


def test_a_leaf_that_cannot_be_read_is_still_shown(tree: Path) -> None:
    (tree / SKILL / "qna.yaml").write_text("a: b: c\n")
    assert "clocks/  [skill, unreadable]" in read_taxonomy(tree).text()


def test_a_leaf_is_found_by_its_path(tree: Path) -> None:
    assert read_taxonomy(tree).leaf(f"/{SKILL}/").qna().version == 3
    with pytest.raises(NotFoundError, match="no leaf knowledge/nowhere"):
        read_taxonomy(tree).leaf("knowledge/nowhere")


def test_misspelt_file_names_are_noticed(tree: Path) -> None:
    (tree / "knowledge/QNA.yml").touch()
    assert read_taxonomy(tree).misnamed == (tree / "knowledge/QNA.yml",)
    assert not is_misnamed("qna.yaml")


def test_no_folder_is_no_taxonomy(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no taxonomy"):
        read_taxonomy(tmp_path / "nowhere")
    assert read_taxonomy(tmp_path).text() == f"{tmp_path.name}/  (0 knowledge leaves, 0 skills)"


def test_the_root_is_above_the_outermost_branch(tree: Path, tmp_path: Path) -> None:
    assert taxonomy_root(tree / SKILL / "qna.yaml") == tree
    assert taxonomy_root(tree / "compositional_skills/knowledge/qna.yaml") == tree
    assert taxonomy_root(tmp_path / "qna.yaml") == tmp_path
