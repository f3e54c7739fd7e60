import json
from pathlib import Path
from uuid import UUID

import pytest

from workbench import workspace as module
from workbench.assets import assets_folder
from workbench.errors import ConflictError, NotFoundError, OptionsError
from workbench.options import Options, option
from workbench.records import write_text
from workbench.workspace import Workspace


class Sample(Options):
    rounds: int = option(4, "How often.")
    threads: int = option(0, "Processors.", result=False)
    api_key: str = option("", "Key.", result=False)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder is an empty one, outside every project, and no variable is set."""
    monkeypatch.delenv("WORKBENCH_WORKSPACE", raising=False)
    monkeypatch.setattr(module, "clone_folder", lambda: None)
    folder = tmp_path / "here" / "deeper"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def test_the_folder_given_comes_first(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_WORKSPACE", str(nowhere / "b"))
    assert Workspace.find(nowhere / "a").root == nowhere / "a"
    assert Workspace.find().root == nowhere / "b"


def test_the_nearest_workspace_upwards_is_found(nowhere: Path) -> None:
    made = Workspace(nowhere.parent / "workspace")
    assert Workspace.find().root == nowhere.parent / "workspace"
    assert Workspace.find().id == made.id


def test_a_new_one_is_made_in_the_project_s_root(nowhere: Path) -> None:
    write_text(nowhere.parent / "pyproject.toml", '[project]\nname = "something-else"\n')
    assert Workspace.find().root == nowhere / "workspace"
    (nowhere / "workspace" / "project.json").unlink()
    write_text(nowhere.parent / "pyproject.toml", '[project]\nname = "instructlab-workbench"\n')
    assert Workspace.find().root == nowhere.parent / "workspace"


def test_a_folder_laid_out_by_init_is_a_root(nowhere: Path) -> None:
    write_text(nowhere.parent / ".workbench", "")
    assert Workspace.find().root == nowhere.parent / "workspace"


def test_a_clone_is_used_from_another_folder(nowhere: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "clone_folder", lambda: tmp_path / "clone")
    assert Workspace.find().root == tmp_path / "clone" / "workspace"


def test_a_project_has_a_uuid_and_a_name(nowhere: Path) -> None:
    made = Workspace.find()
    record = json.loads((made.root / "project.json").read_text())
    assert made.id == str(UUID(record["id"]))
    assert made.name == "deeper"


def test_the_same_results_are_the_same_run(workspace: Workspace) -> None:
    first = workspace.open_run("evaluations", "one", Sample(), {"model": "abc"})
    again = workspace.open_run("evaluations", "one", Sample(threads=8, api_key="secret"), {"model": "abc"})
    other = workspace.open_run("evaluations", "one", Sample(), {"model": "abd"})
    assert first.id == again.id != other.id
    assert first.folder.name == f"one-{first.fingerprint[:8]}"
    assert len(first.fingerprint) == 64
    assert "secret" not in (first.folder / "run.json").read_text()


def test_a_run_is_found_by_each_of_its_names(workspace: Workspace) -> None:
    first = workspace.open_run("evaluations", "one", Sample(), {})
    second = workspace.open_run("evaluations", "one", Sample(rounds=5), {})
    assert workspace.get("evaluations", first.id).id == first.id
    assert workspace.get("evaluations", first.folder.name).id == first.id
    assert workspace.get("evaluations", "one").id == second.id
    workspace.open_run("evaluations", "one", Sample(), {})
    assert workspace.get("evaluations", "one").id == first.id
    assert {run.id for run in workspace.runs("evaluations")} == {first.id, second.id}


def test_a_lost_list_of_names_is_not_guessed_at(workspace: Workspace) -> None:
    only = workspace.open_run("evaluations", "one", Sample(), {})
    names = workspace.folder("evaluations") / "names.json"
    names.unlink()
    assert workspace.get("evaluations", "one").id == only.id
    workspace.open_run("evaluations", "one", Sample(rounds=5), {})
    names.unlink()
    with pytest.raises(ConflictError, match="several runs"):
        workspace.get("evaluations", "one")


def test_an_unknown_run_names_its_nearest(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError) as caught:
        workspace.get("trained_models", "one")
    assert caught.value.hint == "nothing was made yet"
    workspace.open_run("trained_models", "first", Sample(), {})
    with pytest.raises(NotFoundError) as caught:
        workspace.get("trained_models", "furst")
    assert caught.value.hint == "did you mean first?"


@pytest.mark.parametrize("name", ["", "a/b", "../a", "-a", "a b", "a" * 65])
def test_a_name_that_is_no_folder_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(OptionsError, match="cannot be the name"):
        workspace.open_run("evaluations", name, Sample(), {})


def test_an_unknown_kind_is_refused(workspace: Workspace) -> None:
    with pytest.raises(OptionsError, match="no kind of run"):
        workspace.folder("cakes")


def test_paths_are_written_from_the_workspace(workspace: Workspace, tmp_path: Path) -> None:
    write_text(workspace.root / "taxonomy" / "a.md", "x")
    assert workspace.relative(workspace.root / "taxonomy" / "a.md") == "taxonomy/a.md"
    assert workspace.relative(assets_folder() / "models") == "assets/models"
    assert workspace.relative(tmp_path / "x") == str(tmp_path / "x")
    assert workspace.resolve("taxonomy/a.md") == workspace.root / "taxonomy" / "a.md"
    assert workspace.resolve(str(tmp_path / "x")) == tmp_path / "x"
    assert workspace.resolve("not/there") == workspace.root / "not" / "there"


def test_packaged_assets_and_the_current_folder_are_looked_at(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(tmp_path / "packed" / "models" / "a.gguf", "x")
    monkeypatch.setattr(module, "assets_folder", lambda: tmp_path / "packed")
    monkeypatch.chdir(tmp_path / "packed")
    assert workspace.resolve("assets/models/a.gguf") == tmp_path / "packed" / "models" / "a.gguf"
    assert workspace.resolve("models/a.gguf") == tmp_path / "packed" / "models" / "a.gguf"


def test_it_shows_where_it_is(tmp_path: Path) -> None:
    assert repr(Workspace(tmp_path)) == f"Workspace {tmp_path}"
