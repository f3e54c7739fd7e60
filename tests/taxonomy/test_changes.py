import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.taxonomy.conftest import KNOWLEDGE, SKILL, WHO
from workbench.documents.git import git
from workbench.errors import NotFoundError, UsageError
from workbench.taxonomy.changes import ChangedFile, blind_spots, changed_files, find_base, texts_at
from workbench.taxonomy.leaf_files import new_leaf

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


def test_a_renamed_file_knows_its_old_path_and_text(tree: Path, commit: Commit) -> None:
    commit(tree)
    (tree / SKILL).rename(tree / "compositional_skills/writing/times of day")
    renamed = "compositional_skills/writing/times of day/qna.yaml"
    moved = tree / renamed
    moved.write_text(moved.read_text().replace("noon", "midday"))
    git(tree, "add", "--all")
    base = find_base(tree, "main")
    [change] = [one for one in changed_files(tree, base) if one.path == renamed]
    assert change == ChangedFile(renamed, "renamed", f"{SKILL}/qna.yaml")
    assert "It is noon." in texts_at(tree, [change.blob])[change.blob]


def test_a_file_moved_without_git_is_untracked_and_knows_its_old_path(tree: Path, commit: Commit) -> None:
    commit(tree)
    (tree / SKILL).rename(tree / "compositional_skills/writing/times")
    new_leaf(tree, "skill", "unlike")
    (tree / "compositional_skills/unlike/qna.yaml").write_text("version: 3\n")
    changes = {one.path: one for one in changed_files(tree, find_base(tree, "main"))}
    moved = changes["compositional_skills/writing/times/qna.yaml"]
    assert (moved.status, moved.previous) == ("untracked", f"{SKILL}/qna.yaml")
    assert changes["compositional_skills/unlike/qna.yaml"].previous == ""


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
    [change] = changed_files(tree, find_base(tree, "main"))
    assert texts_at(tree, [change.blob])[change.blob].count("answer") == 5


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


@pytest.mark.parametrize("damage", ["HEAD", "objects"])
def test_a_broken_repository_is_told(tree: Path, commit: Commit, damage: str) -> None:
    commit(tree)
    (tree / ".git" / damage).rename(tree / ".git" / "gone")
    with pytest.raises(UsageError, match="not a git repository"):
        changed_files(tree, find_base(tree, "main"))


def test_a_lost_object_is_told(tree: Path, commit: Commit) -> None:
    commit(tree)
    name = git(tree, "rev-parse", "HEAD^{tree}").text
    base = find_base(tree, "main")
    (tree / ".git/objects" / name[:2] / name[2:]).unlink()
    with pytest.raises(UsageError, match="git diff failed") as caught:
        changed_files(tree, base)
    assert "git status" in caught.value.hint


def test_somebody_else_s_repository_is_refused_with_the_command_that_allows_it(
    tree: Path, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(tree)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(UsageError, match="dubious ownership") as caught:
        find_base(tree, "main")
    assert f"safe.directory {tree}" in caught.value.hint


def test_the_inside_of_a_repository_is_no_working_tree(tree: Path, tmp_path: Path, commit: Commit) -> None:
    commit(tree)
    git(tmp_path, "clone", "--quiet", "--bare", str(tree), "bare.git")
    for inside in (tmp_path / "bare.git", tree / ".git"):
        with pytest.raises(UsageError, match="not its working tree"):
            find_base(inside, "main")


def test_without_git_it_is_told_what_to_install(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NotFoundError, match="git was not found"):
        find_base(tree, "main")


def test_a_shallow_clone_without_the_common_commit_says_how_to_get_it(
    tree: Path, tmp_path: Path, commit: Commit
) -> None:
    commit(tree)
    git(tree, "checkout", "--quiet", "-b", "work")
    commit(tree)
    git(tree, "checkout", "--quiet", "main")
    (tree / "knowledge/theirs.txt").write_text("x")
    commit(tree)
    git(tmp_path, "clone", "--quiet", "--depth=1", "--no-single-branch", tree.as_uri(), "clone")
    git(tmp_path / "clone", "checkout", "--quiet", "-b", "work", "origin/work")
    with pytest.raises(UsageError, match="no common commit") as caught:
        find_base(tmp_path / "clone", "origin/main")
    assert caught.value.hint.endswith("git fetch --unshallow")


def test_a_base_with_a_slash_is_the_remote_s_branch(tree: Path, tmp_path: Path, commit: Commit) -> None:
    commit(tree)
    git(tmp_path, "clone", "--quiet", str(tree), "clone")
    clone = tmp_path / "clone"
    (clone / "knowledge/ours.txt").write_text("x")
    commit(clone)
    git(clone, "branch", "--quiet", "origin/main")
    assert _changed(clone, "origin/main") == {"knowledge/ours.txt": "added"}
    assert _changed(clone, "refs/heads/origin/main") == {}


def test_a_branch_comes_before_a_tag_of_its_name(tree: Path, commit: Commit) -> None:
    commit(tree)
    git(tree, "branch", "old")
    (tree / "knowledge/ours.txt").write_text("x")
    commit(tree)
    git(tree, "tag", "old")
    assert _changed(tree, "old") == {"knowledge/ours.txt": "added"}
    assert _changed(tree, "refs/tags/old") == {}


def test_what_was_merged_from_the_base_is_no_change_of_ours(tree: Path, commit: Commit) -> None:
    commit(tree)
    git(tree, "checkout", "--quiet", "-b", "work")
    (tree / "knowledge/ours.txt").write_text("x")
    commit(tree)
    git(tree, "checkout", "--quiet", "main")
    (tree / "knowledge/theirs.txt").write_text("x")
    commit(tree)
    git(tree, "checkout", "--quiet", "work")
    assert git(tree, *WHO, "merge", "--quiet", "--no-edit", "main").ok
    assert _changed(tree, "main") == {"knowledge/ours.txt": "added"}


def test_a_file_in_the_middle_of_a_merge_counts(tree: Path, commit: Commit) -> None:
    commit(tree)
    file = tree / SKILL / "qna.yaml"
    for branch, word in (("work", "midday"), ("main", "twelve")):
        git(tree, "checkout", "--quiet", "-B", branch, "main")
        file.write_text(file.read_text().replace("It is noon", f"It is {word}"))
        commit(tree)
        git(tree, "branch", "-f", "start", "HEAD~1")
    git(tree, "checkout", "--quiet", "work")
    assert not git(tree, *WHO, "merge", "--quiet", "main").ok
    assert "<<<<<<<" in file.read_text()
    assert _changed(tree, "start") == {f"{SKILL}/qna.yaml": "modified"}
    assert _changed(tree, "main") == {f"{SKILL}/qna.yaml": "modified"}


def test_without_a_branch_there_is_a_base_all_the_same(tree: Path, commit: Commit) -> None:
    first = commit(tree)
    (tree / "knowledge/ours.txt").write_text("x")
    commit(tree)
    git(tree, "checkout", "--quiet", "--detach")
    assert _changed(tree, first[:9]) == {"knowledge/ours.txt": "added"}
    assert _changed(tree, "HEAD~1") == {"knowledge/ours.txt": "added"}
    assert _changed(tree, "HEAD") == {}


def test_before_the_first_commit_a_wrong_base_is_still_wrong(tree: Path, commit: Commit) -> None:
    git(tree, "init", "--quiet", "--initial-branch=main")
    assert len(_changed(tree, "main")) == len(_changed(tree, "HEAD")) == 5
    with pytest.raises(UsageError, match="git knows no nowhere"):
        find_base(tree, "nowhere")
    commit(tree)
    git(tree, "checkout", "--quiet", "--orphan", "other")
    with pytest.raises(UsageError, match="no common commit"):
        find_base(tree, "main")


NAMES = ['a"b', "a\nb", "a'b", "über", "日本", "a b", "a\\b", "-a", "\u00e9", "e\u0301"]


def test_names_of_all_kinds_come_through(tree: Path, commit: Commit) -> None:
    commit(tree)
    for name in NAMES[:5]:
        (tree / "knowledge" / name).write_text("x")
    git(tree, "add", "--all")
    for name in NAMES[5:]:
        (tree / "knowledge" / name).write_text("x")
    odd = os.fsdecode(b"knowledge/\xff\xfe")
    (tree / odd).write_text("x")
    expected = {f"knowledge/{name}": "added" for name in NAMES[:5]}
    expected |= {f"knowledge/{name}": "untracked" for name in NAMES[5:]} | {odd: "untracked"}
    assert _changed(tree) == expected


def test_a_link_is_no_text_to_compare_with(tree: Path, commit: Commit) -> None:
    commit(tree)
    file = tree / SKILL / "qna.yaml"
    file.unlink()
    file.symlink_to("../../../knowledge/town/tool_library/qna.yaml")
    [change] = changed_files(tree, find_base(tree, "main"))
    assert (change.path, change.status, bool(change.blob)) == (f"{SKILL}/qna.yaml", "modified", True)
    commit(tree)
    file.unlink()
    file.write_text("version: 3\n")
    [change] = changed_files(tree, find_base(tree, "main"))
    assert (change.status, change.blob) == ("modified", "")


def test_touched_and_switched_files_are_no_changes(tree: Path, commit: Commit) -> None:
    commit(tree)
    os.utime(tree / SKILL / "qna.yaml", (1, 1))
    assert _changed(tree) == {}
    (tree / SKILL / "qna.yaml").chmod(0o755)
    assert _changed(tree) == {f"{SKILL}/qna.yaml": "modified"}


def test_a_change_of_case_is_a_rename(tree: Path, commit: Commit) -> None:
    commit(tree)
    assert git(tree, "mv", SKILL, SKILL.replace("clocks", "Clocks")).ok
    assert _changed(tree)[f"{SKILL.replace('clocks', 'Clocks')}/qna.yaml"] == "renamed"


def test_the_person_s_own_settings_of_git_change_nothing(tree: Path, commit: Commit) -> None:
    commit(tree)
    (tree / SKILL).rename(tree / "compositional_skills/writing/times")
    git(tree, "add", "--all")
    before = _changed(tree)
    for name, value in (
        ("diff.renames", "false"),
        ("diff.renameLimit", "1"),
        ("diff.relative", "false"),
        ("diff.noprefix", "true"),
        ("diff.external", "false"),
        ("core.quotePath", "true"),
        ("core.abbrev", "4"),
        ("status.showUntrackedFiles", "no"),
        ("color.ui", "always"),
    ):
        git(tree, "config", name, value)
    assert _changed(tree) == before
    assert "renamed" in before.values()


def test_repositories_inside_are_named_and_not_entered(tree: Path, tmp_path: Path, commit: Commit) -> None:
    commit(tree)
    other = tmp_path / "other"
    other.mkdir()
    new_leaf(other, "knowledge", "a")
    commit(other)
    allowed = ("-c", "protocol.file.allow=always")
    assert git(tree, *allowed, "submodule", "--quiet", "add", str(other), "knowledge/sub").ok
    git(tmp_path, "clone", "--quiet", str(other), str(tree / "knowledge/nested"))
    (tree / "knowledge/sub/knowledge/a/qna.yaml").write_text("changed")
    assert _changed(tree) == {}
    assert [spot.split(" is ")[0] for spot in blind_spots(tree)] == ["knowledge/nested", "knowledge/sub"]


def test_a_taxonomy_that_git_ignores_is_told(tree: Path, commit: Commit) -> None:
    (tree.parent / ".gitignore").write_text("/taxonomy/\n")
    commit(tree.parent)
    assert _changed(tree) == {}
    assert "git ignores the folder" in blind_spots(tree)[0]
    (tree.parent / ".gitignore").write_text("")
    assert blind_spots(tree) == []


def test_an_ignored_leaf_is_no_change_unless_it_is_tracked(tree: Path, commit: Commit) -> None:
    (tree / ".gitignore").write_text("ignored/\n")
    commit(tree)
    (tree / "knowledge/ignored").mkdir()
    (tree / "knowledge/ignored/qna.yaml").write_text("version: 3\n")
    assert _changed(tree) == {}
    git(tree, "add", "--force", "knowledge/ignored/qna.yaml")
    assert _changed(tree) == {"knowledge/ignored/qna.yaml": "added"}


def test_texts_of_files_at_the_base_are_read_whatever_they_hold(tree: Path, commit: Commit) -> None:
    contents = {"a": b"one\n", "b": b"", "c": b"\xff", "d": b"x" * 2**19, "e": "ü\0\n\nblob 3\n".encode()}
    for name, content in contents.items():
        (tree / "knowledge" / name).write_bytes(content)
    commit(tree)
    blobs = {name: git(tree, "rev-parse", f"HEAD:knowledge/{name}").text for name in contents}
    texts = texts_at(tree, [*blobs.values(), ""])
    assert {name: texts.get(blob) for name, blob in blobs.items()} == {
        "a": "one\n",
        "b": "",
        "c": None,
        "d": None,
        "e": "ü\0\n\nblob 3\n",
    }
    assert texts_at(tree, []) == {}
