import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from workbench.assets import assets_folder
from workbench.errors import NotFoundError, OptionsError, WorkbenchError
from workbench.records import write_json
from workbench.serving.models import Place, find_models, open_models
from workbench.serving.options import ServeOptions
from workbench.workspace import Workspace

TEACHER = assets_folder() / "models" / "seedling-teacher-Q4_K_M.gguf"


def test_files_folders_and_names_are_found(tmp_path: Path, tiny_model: Path, workspace: Workspace) -> None:
    file = tmp_path / "other.gguf"
    shutil.copy(TEACHER, file)
    texts = ["seedling-teacher-Q4_K_M", str(file), f"mine:{file}", f"student:{tiny_model}", str(tiny_model)]
    assert find_models(texts, workspace) == [
        Place("seedling-teacher-Q4_K_M", TEACHER),
        Place("other", file),
        Place("mine", file),
        Place("student", tiny_model),
        Place("model", tiny_model),
    ]


def test_a_trained_run_is_its_quantised_file(workspace: Workspace) -> None:
    run = workspace.open_run("trained_models", "demo", ServeOptions(), {})
    write_json(run.folder / "manifest.json", {"gguf": {"F16": "GGUF/f16.gguf", "Q4_K_M": "GGUF/q4.gguf"}})
    path = run.folder / "GGUF/q4.gguf"
    assert find_models(["demo", "again:demo"], workspace) == [Place("demo", path), Place("again", path)]


def test_two_of_one_name_are_refused(workspace: Workspace) -> None:
    with pytest.raises(OptionsError, match="two models are called") as raised:
        find_models(["seedling-teacher-Q4_K_M", str(TEACHER)], workspace)
    assert "--model other:" in raised.value.hint
    with pytest.raises(OptionsError, match="no model"):
        find_models([], workspace)


def test_one_that_is_not_there_is_told(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="nowhere"):
        find_models(["nowhere"], workspace)
    with pytest.raises(WorkbenchError, match="gone"):
        find_models(["name:/gone/away.gguf"], workspace)


def test_what_was_opened_is_described_and_closed() -> None:
    with ExitStack() as opened:
        (served,) = open_models([Place("t", TEACHER)], ServeOptions(context_size=256), opened)
        assert served.record.items() >= {"id": "t", "object": "model", "max_model_len": 256}.items()
        assert served.engine.count_tokens("Who built it?") == 4
