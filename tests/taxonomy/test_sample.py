from pathlib import Path

import pytest

from tests.taxonomy.conftest import SKILL
from workbench.documents.git import git
from workbench.errors import NotFoundError
from workbench.taxonomy.diff import diff_taxonomy
from workbench.taxonomy.sample import WORKSHOP_LEAF, add_workshop_skill, lay_out_sample, taxonomy_or_sample
from workbench.workspace import Workspace


def test_the_sample_becomes_a_repository_of_one_commit(tree: Path, workspace: Workspace) -> None:
    (tree / ".ipynb_checkpoints").mkdir()
    taxonomy = lay_out_sample(workspace, tree)
    assert taxonomy.root == workspace.taxonomy
    assert len(taxonomy) == 2
    assert git(workspace.taxonomy, "rev-list", "--count", "HEAD").text == "1"
    assert git(workspace.taxonomy, "status", "--porcelain").text == ""
    assert not (workspace.taxonomy / ".ipynb_checkpoints").exists()


def test_its_commit_is_the_same_everywhere(tree: Path, tmp_path: Path) -> None:
    folders = [lay_out_sample(Workspace(tmp_path / name), tree).root for name in ("a", "b")]
    assert len({git(folder, "rev-parse", "HEAD").text for folder in folders}) == 1


def test_a_taxonomy_that_is_there_is_left_untouched(tree: Path, workspace: Workspace) -> None:
    mine = lay_out_sample(workspace, tree).leaf(SKILL).qna_file
    mine.write_text("version: 3\n")
    lay_out_sample(workspace, tree)
    assert mine.read_text() == "version: 3\n"
    assert [path.name for path in workspace.root.iterdir() if path.name.startswith(".")] == []


def test_the_diff_shows_the_workshop_s_skill(tree: Path, workspace: Workspace) -> None:
    taxonomy = lay_out_sample(workspace, tree)
    assert add_workshop_skill(taxonomy).written == ("qna.yaml", "attribution.txt")
    diff = diff_taxonomy(taxonomy.root)
    assert [(one.path, one.status) for one in diff] == [(WORKSHOP_LEAF, "untracked")]
    assert len(diff.findings) == 0
    assert add_workshop_skill(taxonomy).written == ()


def test_a_missing_sample_is_told(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no sample taxonomy"):
        lay_out_sample(workspace, tmp_path / "nowhere")
    assert not workspace.taxonomy.exists()


def test_the_sample_is_laid_out_where_no_taxonomy_is_found(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert taxonomy_or_sample("", workspace) == workspace.taxonomy
    assert workspace.taxonomy.is_dir()
    other = Workspace(tmp_path / "other")
    assert taxonomy_or_sample(str(workspace.taxonomy), other) == workspace.taxonomy
    with pytest.raises(NotFoundError, match="there is no taxonomy elsewhere"):
        taxonomy_or_sample("elsewhere", other)
    assert not other.taxonomy.exists()
