from pathlib import Path

import pytest

from workbench.engines import EndpointSettings, open_engine
from workbench.engines.catalogue import ENTRIES, find_entry, resolve, resolve_folder
from workbench.errors import ModelError


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "assets" / "models"
    (folder / "seedling-base").mkdir(parents=True)
    (folder / "seedling-base" / "config.json").write_text("{}")
    (folder / "seedling-teacher-Q4_K_M.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr("workbench.engines.catalogue.assets_folder", lambda: tmp_path / "assets")
    return folder


def test_every_entry_names_a_flow_and_students() -> None:
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert entry.students
        family = entry.name.split("-")[0]
        assert entry.flow == {"seedling": "compact", "mistral": "full"}.get(family, "simple")
        assert entry.embedded != bool(entry.repository)


def test_a_teacher_knows_its_students() -> None:
    seedling, granite = find_entry("seedling-teacher-Q4_K_M"), find_entry("granite-7b-lab-Q4_K_M")
    assert seedling is not None
    assert granite is not None
    assert seedling.suits("seedling-base")
    assert seedling.suits("somewhere/else/seedling-base")
    assert not seedling.suits("granite-7b-lab")
    assert granite.suits("granite-7b-lab")
    assert (granite.repository, granite.filename) == ("instructlab/granite-7b-lab-GGUF", "granite-7b-lab-Q4_K_M.gguf")


def test_embedded_models_are_found_by_name(assets: Path) -> None:
    assert resolve("seedling-teacher-Q4_K_M") == assets / "seedling-teacher-Q4_K_M.gguf"
    assert resolve("seedling-teacher-Q4_K_M.gguf") == assets / "seedling-teacher-Q4_K_M.gguf"
    assert resolve_folder("seedling-base") == assets / "seedling-base"


def test_paths_and_downloads_are_found(assets: Path, tmp_path: Path) -> None:
    models = tmp_path / "workspace" / "models"
    (models / "granite-7b-lab").mkdir(parents=True)
    (models / "granite-7b-lab" / "config.json").write_text("{}")
    (models / "granite-7b-lab-Q4_K_M.gguf").write_bytes(b"GGUF")
    assert resolve("granite-7b-lab-Q4_K_M", models) == models / "granite-7b-lab-Q4_K_M.gguf"
    assert resolve("granite-7b-lab", models) == models / "granite-7b-lab"
    path = models / "granite-7b-lab-Q4_K_M.gguf"
    assert resolve(str(path)) == path
    assert find_entry(str(path)) == find_entry("granite-7b-lab-Q4_K_M")


@pytest.mark.parametrize(
    ("model", "problem", "hint"),
    [
        ("granite-7b-lab-Q4_K_M", "not downloaded", "workbench model download granite-7b-lab-Q4_K_M"),
        ("granite-7b-lab-Q4_K", "did you mean granite-7b-lab-Q4_K_M", "seedling-teacher-Q4_K_M"),
        ("what", "no model 'what'", "seedling-base"),
        ("owner/Model-8B", "no folder owner/Model-8B", "workbench model download --repository owner/Model-8B"),
        (str(Path(__file__).parent), "neither", ""),
    ],
)
def test_a_missing_model_comes_with_what_to_type(
    assets: Path, tmp_path: Path, model: str, problem: str, hint: str
) -> None:
    with pytest.raises(ModelError, match=problem) as caught:
        resolve(model, tmp_path / "models")
    assert hint in caught.value.hint


def test_a_lost_embedded_model_is_no_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.engines.catalogue.assets_folder", lambda: tmp_path)
    with pytest.raises(ModelError, match="its files are missing"):
        resolve("seedling-base")


def test_a_folder_named_by_its_path_is_taken_as_it_is(tmp_path: Path) -> None:
    assert resolve_folder(str(tmp_path)) == tmp_path


def test_a_file_cannot_be_trained(assets: Path) -> None:
    with pytest.raises(ModelError, match="cannot be trained") as caught:
        resolve_folder("seedling-teacher-Q4_K_M")
    assert "seedling-base" in caught.value.hint


def test_engines_are_opened_by_what_is_there(tiny_gguf: Path, tiny_model: Path) -> None:
    for model, kind in ((tiny_gguf, "LlamaEngine"), (tiny_model, "TransformersEngine")):
        engine = open_engine(str(model), context_size=128)
        assert (type(engine).__name__, engine.context_size) == (kind, 128)
        engine.close()
    remote = open_engine("any", endpoint=EndpointSettings("http://127.0.0.1:9/v1"), context_size=64)
    assert (type(remote).__name__, remote.name, remote.context_size) == ("EndpointEngine", "any", 64)
    remote.close()
    with pytest.raises(ModelError, match="no model"):
        open_engine("nothing of that name")
