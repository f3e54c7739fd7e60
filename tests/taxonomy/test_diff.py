import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.documents.git import git
from workbench.errors import NotFoundError, UsageError
from workbench.taxonomy.availability import check_documents
from workbench.taxonomy.diff import diff_taxonomy
from workbench.taxonomy.leaf_files import new_leaf
from workbench.taxonomy.options import TaxonomyOptions
from workbench.taxonomy.tree import Leaf

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
        "    ~ seed example, line 6\n"
        "        answer 2: [-Ten crowns a year.-]{+A little more than ten crowns.+}\n"
        "2 leaves changed since main: valid"
    )
    assert diff.messages == ("there is no origin/main here: compared with main",)


def test_a_renamed_leaf_tells_where_it_was(tree: Path, commit: Commit) -> None:
    commit(tree)
    (tree / SKILL).rename(tree / "compositional_skills/writing/times")
    git(tree, "add", "--all")
    [change] = diff_taxonomy(tree)
    assert (change.status, change.previous, change.summary) == ("renamed", SKILL, "contents unchanged")


def test_a_leaf_moved_without_git_shows_what_was_edited(tree: Path, commit: Commit) -> None:
    commit(tree)
    moved = (tree / SKILL).rename(tree / "compositional_skills/writing/times") / "qna.yaml"
    moved.write_text(moved.read_text().replace("It is noon.", "It is noon, midday."))
    [change] = diff_taxonomy(tree)
    assert (change.status, change.previous, change.summary) == ("untracked", SKILL, "seeds: 1 edited")


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
    assert [(one.version, one.summary) for one in diff] == [(0, "no contents that can be read")]
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


def test_github_s_paths_are_those_of_the_repository(tree: Path, commit: Commit) -> None:
    commit(tree.parent)
    (tree / SKILL / "qna.yaml").write_text("version: 3\n")
    lines = diff_taxonomy(tree).github().splitlines()
    assert lines[0].startswith(f"modified   skill      {SKILL}")
    assert lines[1].startswith(f"::error file=taxonomy/{SKILL}/qna.yaml,line=1,col=1,title=missing-key::")
    assert lines[-1].startswith("1 leaf changed since main: 3 errors")
    assert not any(
        line.startswith("::") for line in diff_taxonomy(tree, EMPTY).github(errors_only=True).splitlines()[3:]
    )


def test_outside_of_git_the_paths_are_those_of_the_taxonomy(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / SKILL / "qna.yaml").write_text("version: 3\n")
    assert f"file={SKILL}/qna.yaml" in diff_taxonomy(tree, EMPTY).github()
    monkeypatch.setenv("PATH", "/nowhere")
    assert f"file={SKILL}/qna.yaml" in diff_taxonomy(tree, EMPTY).github()


def test_a_folder_without_leaves_is_told(tree: Path, tmp_path: Path) -> None:
    assert "holds neither" in diff_taxonomy(tmp_path, EMPTY).messages[0]
    [message] = diff_taxonomy(tree / "knowledge", EMPTY).messages
    assert message.endswith(f"is {tree} the taxonomy?")
    assert diff_taxonomy(tree, EMPTY).messages == ()


def test_dangling_and_looping_links_are_findings(tree: Path, commit: Commit) -> None:
    commit(tree)
    for name, target in (("dangling", "/nowhere"), ("looping", "qna.yaml")):
        (tree / "knowledge" / name).mkdir()
        (tree / "knowledge" / name / "qna.yaml").symlink_to(target)
    diff = diff_taxonomy(tree)
    assert [one.version for one in diff] == [0, 0]
    assert {finding.path for finding in diff.findings.of("error")} == {
        "knowledge/dangling/qna.yaml",
        "knowledge/looping/qna.yaml",
    }


def test_a_name_of_another_encoding_is_shown_and_a_line_break_breaks_nothing(tree: Path, commit: Commit) -> None:
    commit(tree)
    for name in (os.fsdecode(b"k\xf6ln"), "a\nb"):
        (tree / "knowledge" / name).mkdir()
        (tree / "knowledge" / name / "qna.yaml").write_text("version: 3\n")
    diff = diff_taxonomy(tree)
    assert diff.text().encode()
    assert "knowledge/k\\xf6ln" in diff.text()
    assert "\nb" not in diff.text()
    assert diff.html().encode()


def test_the_files_that_were_looked_into(tree: Path) -> None:
    (tree / "knowledge/qna.yml").write_text("version: 3\n")
    assert diff_taxonomy(tree, EMPTY).files() == [f"{SKILL}/qna.yaml", "knowledge/qna.yml", f"{KNOWLEDGE}/qna.yaml"]


def test_documents_come_with_their_findings(tree: Path) -> None:
    available = check_documents([Leaf(KNOWLEDGE, tree)], tree.parent / "cache")
    diff = diff_taxonomy(tree, EMPTY).with_documents(available)
    assert diff.text().splitlines()[2] == "    documents: document.md"
    assert "documents" not in diff.json()
