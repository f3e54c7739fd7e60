from collections.abc import Callable
from pathlib import Path

import pytest

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.documents.git import git
from workbench.errors import UsageError
from workbench.taxonomy.changes import ChangedFile, changed_files, file_at, find_base

Commit = Callable[[Path], str]


def _changed(root: Path, base: str = "main") -> dict[str, str]:
    return {change.path: change.status for change in changed_files(root, find_base(root, base))}


def test_committed_staged_unstaged_and_untracked_files_count(tree: Path, commit: Commit) -> None:
    (tree / ".gitignore").write_text("ignored.txt\n")
    commit(tree)
    git(tree, "checkout", "--quiet", "-b", "work")
    (tree / "knowledge/committed.txt").write_text("x")
    commit(tree)
    (tree / "knowledge/staged.txt").write_text("y")
    git(tree, "add", "--all")
    (tree / SKILL / "attribution.txt").write_text("z")
    (tree / "knowledge/new.txt").write_text("u")
    (tree / "knowledge/ignored.txt").write_text("v")
    (tree / "elsewhere.txt").write_text("w")
    (tree / KNOWLEDGE / "document.md").unlink()
    assert _changed(tree) == {
        f"{SKILL}/attribution.txt": "modified",
        "knowledge/committed.txt": "added",
        "knowledge/new.txt": "untracked",
        "knowledge/staged.txt": "added",
    }


def test_what_the_base_got_since_is_no_change_of_ours(tree: Path, commit: Commit) -> None:
    commit(tree)
    git(tree, "checkout", "--quiet", "-b", "feature/x")
    (tree / "knowledge/ours.txt").write_text("x")
    commit(tree)
    git(tree, "checkout", "--quiet", "main")
    (tree / "knowledge/theirs.txt").write_text("x")
    commit(tree)
    assert _changed(tree, "feature/x") == {"knowledge/theirs.txt": "added"}
    git(tree, "checkout", "--quiet", "feature/x")
    assert _changed(tree, "main") == {"knowledge/ours.txt": "added"}


def test_a_branch_whose_name_ends_alike_is_another(tree: Path, commit: Commit) -> None:
    commit(tree)
    git(tree, "checkout", "--quiet", "-b", "xmain")
    (tree / "knowledge/ours.txt").write_text("x")
    commit(tree)
    assert _changed(tree, "main") == {"knowledge/ours.txt": "added"}


def test_a_renamed_file_knows_its_old_path(tree: Path, commit: Commit) -> None:
    commit(tree)
    (tree / SKILL).rename(tree / "compositional_skills/writing/times of day")
    git(tree, "add", "--all")
    renamed = "compositional_skills/writing/times of day/qna.yaml"
    base = find_base(tree, "main")
    assert ChangedFile(renamed, "renamed", f"{SKILL}/qna.yaml") in changed_files(tree, base)
    assert (file_at(tree, base, f"{SKILL}/qna.yaml") or "").startswith("version: 3")
    assert file_at(tree, base, "knowledge/nowhere") is None


def test_a_file_that_is_no_longer_tracked_counts_once(tree: Path, commit: Commit) -> None:
    commit(tree)
    git(tree, "rm", "--cached", "--quiet", f"{SKILL}/qna.yaml")
    assert _changed(tree) == {f"{SKILL}/qna.yaml": "untracked"}


def test_a_taxonomy_may_be_a_folder_of_a_repository(tree: Path, commit: Commit) -> None:
    commit(tree.parent)
    (tree / SKILL / "qna.yaml").write_text("version: 3\n")
    (tree.parent / "knowledge").mkdir()
    (tree.parent / "knowledge/other.txt").write_text("x")
    assert _changed(tree) == {f"{SKILL}/qna.yaml": "modified"}
    assert (file_at(tree, find_base(tree, "main"), f"{SKILL}/qna.yaml") or "").count("answer") == 5


def test_without_a_remote_the_default_falls_back_and_says_so(tree: Path, commit: Commit) -> None:
    commit(tree)
    base = find_base(tree, "origin/main")
    assert (base.name, base.message) == ("main", "there is no origin/main here: compared with main")


def test_before_the_first_commit_all_files_are_new(tree: Path) -> None:
    git(tree, "init", "--quiet")
    git(tree, "add", f"{SKILL}/qna.yaml")
    changed = _changed(tree, "origin/main")
    assert changed[f"{SKILL}/qna.yaml"] == "added"
    assert changed[f"{KNOWLEDGE}/qna.yaml"] == "untracked"


@pytest.mark.parametrize("name", ["nowhere", "--output=x", "main..main", "^main", "", "HEAD:knowledge"])
def test_a_base_that_git_does_not_know_is_wrong_use(tree: Path, commit: Commit, name: str) -> None:
    commit(tree)
    with pytest.raises(UsageError, match="git knows no") as caught:
        find_base(tree, name)
    assert "main" in caught.value.hint


def test_histories_without_a_common_commit_are_wrong_use(tree: Path, commit: Commit) -> None:
    commit(tree)
    git(tree, "checkout", "--quiet", "--orphan", "other")
    (tree / "knowledge/ours.txt").write_text("x")
    commit(tree)
    with pytest.raises(UsageError, match="no common commit"):
        find_base(tree, "main")


def test_a_folder_outside_git_is_wrong_use(tree: Path) -> None:
    with pytest.raises(UsageError, match="not a git repository") as caught:
        find_base(tree, "origin/main")
    assert "empty" in caught.value.hint
