from pathlib import Path

import pytest

from workbench import assets
from workbench.assets import assets_folder, clone_folder, notebooks_folder, sample_taxonomy_folder

ROOT = Path(__file__).parent.parent


def test_a_clone_s_own_folders_are_used() -> None:
    assert clone_folder() == ROOT
    assert assets_folder() == ROOT / "assets"
    assert notebooks_folder() == ROOT / "notebooks"
    assert sample_taxonomy_folder() == ROOT / "taxonomy"


def test_a_wheel_s_packed_folders_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "_bundle").mkdir()
    monkeypatch.setattr(assets, "_BUNDLE", tmp_path / "_bundle")
    assert clone_folder() is None
    assert assets_folder() == tmp_path / "_bundle" / "assets"
