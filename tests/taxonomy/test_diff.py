import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.documents.git import git
from workbench.errors import NotFoundError, UsageError
from workbench.taxonomy.diff import diff_taxonomy
from workbench.taxonomy.leaf_files import new_leaf
from workbench.taxonomy.options import TaxonomyOptions

EMPTY = TaxonomyOptions(taxonomy_base="empty")
Commit = Callable[[Path], str]


def test_empty_takes_all_leaves_without_git(tree: Path) -> None:
    diff = diff_taxonomy(tree, EMPTY)
    assert [(one.path, one.kind, one.status, one.version) for one in diff] == [
        (SKILL, "skill", "added", 3),
        (KNOWLEDGE, "knowledge", "added", 3),
    ]
    assert diff.valid
    assert diff.summary == "2 leaves in the taxonomy: valid"


def test_only_what_changed_is_shown_with_its_examples(tree: Path, commit: Commit) -> None:
    commit(tree)
    file = tree / KNOWLEDGE / "qna.yaml"
    file.write_text(file.read_text().replace("Ten crowns a year.", "A little more than ten crowns."))
    new_leaf(tree, "skill", "counting")
    diff = diff_taxonomy(tree)
    assert diff.text() == (
        "untracked  skill      compositional_skills/counting (seeds: 5 added)\n"
        f"modified   knowledge  {KNOWLEDGE} (seeds: 1 edited)\n"
        "2 leaves changed since main: valid"
    )
    assert diff.messages == ("there is no origin/main here: compared with main",)


def test_a_renamed_leaf_tells_where_it_was(tree: Path, commit: Commit) -> None:
    commit(tree)
    (tree / SKILL).rename(tree / "compositional_skills/writing/times")
    git(tree, "add", "--all")
    [change] = diff_taxonomy(tree)
    assert (change.status, change.previous, change.seeds.summary) == ("renamed", SKILL, "unchanged")


def test_a_document_alone_changes_no_leaf(tree: Path, commit: Commit) -> None:
    commit(tree)
    (tree / KNOWLEDGE / "document.md").write_text("# New\n")
    diff = diff_taxonomy(tree)
    assert diff.text() == "0 leaves changed since main: valid"


def test_json_holds_the_verdict_the_leaves_and_the_findings(tree: Path) -> None:
    (tree / SKILL / "attribution.txt").unlink()
    (tree / KNOWLEDGE / "qna.yaml").write_text("version: 3\ncreated_by: 4\n")
    record = json.loads(diff_taxonomy(tree, EMPTY).json())
    assert list(record) == ["valid", "base", "leaves", "findings"]
    assert record["leaves"][0] == {"path": SKILL, "kind": "skill", "version": 3, "status": "added"}
    assert (record["valid"], record["base"]) == (False, "empty")
    assert record["findings"][0]["path"] == f"{SKILL}/attribution.txt"


def test_a_notebook_shows_two_tables_and_the_verdict(tree: Path, commit: Commit) -> None:
    commit(tree)
    (tree / SKILL / "qna.yaml").write_text("version: 3\n")
    shown = diff_taxonomy(tree)._repr_html_()
    assert shown.count("<table>") == 2
    assert "there is no origin/main here" in shown
    assert "errors" in shown


def test_one_file_needs_no_base(tree: Path) -> None:
    diff = diff_taxonomy(tree / SKILL / "qna.yaml")
    assert [one.path for one in diff] == [SKILL]
    assert diff.root == tree.resolve()


def test_a_file_of_another_name_is_an_error(tree: Path) -> None:
    diff = diff_taxonomy((tree / SKILL / "qna.yaml").rename(tree / SKILL / "qna.yml"))
    assert (len(diff), diff.findings[0].code) == (0, "file-name")


def test_a_leaf_that_cannot_be_read_is_listed_with_its_finding(tree: Path, commit: Commit) -> None:
    commit(tree)
    (tree / SKILL / "qna.yaml").write_text("a: b: c\n")
    diff = diff_taxonomy(tree)
    assert [(one.version, one.seeds.summary) for one in diff] == [(0, "unchanged")]
    assert [finding.code for finding in diff.findings] == ["yaml-syntax"]


def test_a_misspelt_new_file_is_told(tree: Path, commit: Commit) -> None:
    commit(tree)
    (tree / "knowledge/qna.yml").write_text("version: 3\n")
    assert [finding.code for finding in diff_taxonomy(tree).findings] == ["file-name"]


def test_wrong_use_is_told(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no taxonomy"):
        diff_taxonomy(tmp_path / "nowhere")
    with pytest.raises(UsageError):
        diff_taxonomy(tree)
    with pytest.raises(NotFoundError, match="yamllint rules"):
        diff_taxonomy(tree, TaxonomyOptions(yaml_rules="nowhere"))
