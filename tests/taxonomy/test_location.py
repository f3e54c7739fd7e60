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
