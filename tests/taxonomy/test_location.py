from pathlib import Path

import pytest

from workbench.errors import NotFoundError
from workbench.taxonomy.location import find_taxonomy
from workbench.taxonomy.options import TaxonomyOptions
from workbench.workspace import Workspace


def test_options_come_first_then_the_workspace_then_upstream_s_folder(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with pytest.raises(NotFoundError, match="there is no taxonomy in"):
        find_taxonomy(TaxonomyOptions(), workspace)
    (tmp_path / "data/instructlab/taxonomy").mkdir(parents=True)
    assert find_taxonomy(TaxonomyOptions(), workspace) == tmp_path / "data/instructlab/taxonomy"
    workspace.taxonomy.mkdir()
    assert find_taxonomy(TaxonomyOptions(), workspace) == workspace.taxonomy
    assert find_taxonomy(TaxonomyOptions(taxonomy_path=str(tmp_path)), workspace) == tmp_path


def test_a_path_that_is_not_there_is_told(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="there is no taxonomy nowhere"):
        find_taxonomy(TaxonomyOptions(taxonomy_path="nowhere"), workspace)


def test_upstream_s_folder_is_that_of_the_home_where_no_absolute_one_is_named(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = tmp_path / ".local/share/instructlab/taxonomy"
    found.mkdir(parents=True)
    for named in ("", "relative/data"):
        monkeypatch.setenv("XDG_DATA_HOME", named)
        assert find_taxonomy(TaxonomyOptions(), workspace) == found
    monkeypatch.delenv("XDG_DATA_HOME")
    assert find_taxonomy(TaxonomyOptions(), workspace) == found


def test_a_relative_path_is_seen_from_the_workspace_and_then_from_here(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    assert find_taxonomy(TaxonomyOptions(taxonomy_path="mine"), workspace) == tmp_path / "mine"
    (workspace.root / "mine").mkdir()
    assert find_taxonomy(TaxonomyOptions(taxonomy_path="mine"), workspace) == workspace.root / "mine"
