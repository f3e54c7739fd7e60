from pathlib import Path

import pytest

from workbench.cli.taxonomy_folder import chosen_folder, chosen_taxonomy
from workbench.errors import NotFoundError, UsageError
from workbench.taxonomy.options import TaxonomyOptions


def test_what_was_given_comes_first_and_makes_no_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert chosen_taxonomy(TaxonomyOptions(taxonomy_path="mine"), None) == Path("mine")
    assert chosen_taxonomy(TaxonomyOptions(taxonomy_path=str(tmp_path / "mine")), None) == tmp_path / "mine"
    assert not (tmp_path / "workspace").exists()


def test_then_comes_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "project/taxonomy").mkdir(parents=True)
    assert chosen_taxonomy(TaxonomyOptions(), tmp_path / "project") == tmp_path / "project/taxonomy"
    (tmp_path / "project/other").mkdir()
    assert chosen_taxonomy(TaxonomyOptions(taxonomy_path="other"), tmp_path / "project") == tmp_path / "project/other"


@pytest.mark.parametrize("path", ["nowhere", "/nowhere/at/all"])
def test_a_path_that_is_not_there_is_told(path: str) -> None:
    with pytest.raises(NotFoundError, match=f"no taxonomy {path}"):
        chosen_taxonomy(TaxonomyOptions(taxonomy_path=path), None)


def test_a_path_that_can_be_none_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="cannot be a path"):
        chosen_taxonomy(TaxonomyOptions(taxonomy_path="x" * 5000), None)


def test_one_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "qna.yaml").touch()
    options = TaxonomyOptions(taxonomy_path=str(tmp_path / "qna.yaml"))
    assert chosen_taxonomy(options, None).is_file()
    with pytest.raises(UsageError, match="is a file"):
        chosen_folder(options, None)
