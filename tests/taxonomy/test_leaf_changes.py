from pathlib import Path

import pytest

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.taxonomy.changes import ChangedFile
from workbench.taxonomy.leaf_changes import LeafChange, changed_leaf, new_leaf
from workbench.taxonomy.tree import Leaf


def _changed(tree: Path, old: str, new: str, leaf: str = SKILL) -> LeafChange:
    file = tree / leaf / "qna.yaml"
    before = file.read_text()
    assert old in before
    file.write_text(before.replace(old, new))
    return changed_leaf(Leaf(leaf, tree), ChangedFile(f"{leaf}/qna.yaml", "modified"), before)


def test_of_a_new_leaf_all_examples_are_added(tree: Path) -> None:
    change = new_leaf(Leaf(SKILL, tree), "untracked")
    assert (change.status, change.version, change.summary, change.new) == ("untracked", 3, "seeds: 5 added", True)
    assert change.fields == ()
    assert change.record() == {"path": SKILL, "kind": "skill", "version": 3, "status": "untracked"}


@pytest.mark.parametrize(
    ("old", "new", "summary"),
    [
        ("It is noon.", "It is twelve, noon.", "seeds: 1 edited"),
        ("your-github-name", "somebody", "created_by"),
        ("seed_examples:", "# nothing but a remark\nseed_examples:", "contents unchanged"),
        ("version: 3", "version: 2", "version"),
        ("version: 3\ncreated_by: your-github-name", "other: 1\nsecond: 2", "other, second, version and 1 more"),
        ("created_by", "a: b: c", "no contents that can be read"),
    ],
)
def test_a_summary_says_what_changed(tree: Path, old: str, new: str, summary: str) -> None:
    assert _changed(tree, old, new).summary == summary


def test_fields_of_the_document_count_one_by_one(tree: Path) -> None:
    change = _changed(tree, "commit: HEAD", "commit: main", KNOWLEDGE)
    assert change.summary == "document.commit"


@pytest.mark.parametrize("before", [None, "a: b: c", "", "- 1\n"])
def test_where_there_was_nothing_to_read_all_is_added(tree: Path, before: str | None) -> None:
    change = changed_leaf(Leaf(SKILL, tree), ChangedFile("elsewhere/qna.yaml", "modified"), before)
    assert change.seeds.summary == "5 added"


def test_line_ends_of_another_system_are_no_change(tree: Path) -> None:
    before = (tree / KNOWLEDGE / "qna.yaml").read_text().replace("\n", "\r\n")
    change = changed_leaf(Leaf(KNOWLEDGE, tree), ChangedFile(f"{KNOWLEDGE}/qna.yaml", "modified"), before)
    assert change.summary == "contents unchanged"


def test_a_leaf_that_was_elsewhere_knows_where(tree: Path) -> None:
    before = (tree / SKILL / "qna.yaml").read_text()
    renamed = ChangedFile(f"{SKILL}/qna.yaml", "renamed", "compositional_skills/old/qna.yaml")
    assert changed_leaf(Leaf(SKILL, tree), renamed, before).previous == "compositional_skills/old"


@pytest.mark.parametrize("text", ["a: b: c", "", "- 1\n"])
def test_a_leaf_that_cannot_be_read_has_no_version(tree: Path, text: str) -> None:
    (tree / SKILL / "qna.yaml").write_text(text)
    change = new_leaf(Leaf(SKILL, tree))
    assert (change.version, change.summary) == (0, "no contents that can be read")
