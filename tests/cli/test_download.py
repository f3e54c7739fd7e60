import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.hubs import Hub, serving_hub
from workbench.cli.download import hub_entry
from workbench.cli.main import answer
from workbench.errors import UsageError
from workbench.records import write_text
from workbench.workspace import Workspace

TOKEN = "hf_secret"
_REPOSITORY = "instructlab/granite-7b-lab-GGUF"
_FILE = "granite-7b-lab-Q4_K_M.gguf"
pytest.importorskip("huggingface_hub")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving_hub(
        Hub({_REPOSITORY: {_FILE: b"GGUF?" * 10_000}, "any/other": {"deep/b-Q8_0.gguf": b"weights"}})
    ) as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
        yield hub


def test_a_name_of_the_catalogue_is_enough(hub: Hub, workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "download", "granite-7b-lab-Q4_K_M", "--token", TOKEN]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{workspace.models / _FILE}\n"
    # Which of its steps are shown is a matter of time.
    assert re.search(rf"{_FILE}: 0\.[01] of 0\.1 MB \(\d+ %\)", shown.err)
    assert "its checksum is the hub's" in shown.err
    assert "\x1b" not in shown.err + shown.out
    assert "\r" not in shown.err
    assert TOKEN not in shown.err + shown.out
    assert answer(["model", "list"]) == 0
    assert "granite-7b-lab-Q4_K_M" in capsys.readouterr().out


def test_any_other_is_named_by_its_repository(
    hub: Hub, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--repository", "any/other", "--filename", "deep/b-Q8_0.gguf", "--release", "v2"]
    assert answer(["model", "download", *flags]) == 0
    assert capsys.readouterr().out == f"{workspace.models / 'b-Q8_0.gguf'}\n"


def test_the_token_of_the_environment_is_taken(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert answer(["model", "download", "granite-7b-lab-Q4_K_M"]) == 0
    assert hub.listed[0]["authorization"] == f"Bearer {TOKEN}"


def test_the_hub_s_own_variables_are_heeded(hub: Hub, workspace: Workspace, tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_text(home / "token", TOKEN)
    command = [sys.executable, "-m", "workbench.cli.main", "model", "download", "granite-7b-lab-Q4_K_M"]
    command += ["--workspace", str(workspace.root)]
    variables = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home)}
    off = subprocess.run(command, env=variables | {"HF_HUB_OFFLINE": "1"}, capture_output=True, text=True)
    assert (off.returncode, hub.asked) == (1, [])
    assert "downloads are switched off" in off.stderr
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{workspace.models / _FILE}\n")
    assert hub.listed[0]["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in done.stderr


def test_what_cannot_be_is_said(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "download"]) == 2
    assert "--repository" in capsys.readouterr().err
    assert answer(["model", "download", "unheard-of"]) == 1
    assert "unheard-of is not known to be on a hub" in capsys.readouterr().err
    assert answer(["model", "download", "--repository", "any/none", "--token", TOKEN]) == 1
    shown = capsys.readouterr().err
    assert "any/none" in shown
    assert TOKEN not in shown
    assert not hub.fetched(_FILE)


def test_an_embedded_one_is_there_already(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "download", "seedling-base"]) == 0
    shown = capsys.readouterr()
    assert "nothing to download" in shown.err
    assert Path(shown.out.strip()).is_dir()


@pytest.mark.parametrize(
    ("given", "name", "repository"),
    [
        (("granite-7b-lab", "", ""), "granite-7b-lab", "instructlab/granite-7b-lab"),
        (("", "any/other", "deep/b.gguf"), "b", "any/other"),
        (("", "any/other", ""), "other", "any/other"),
        (("mine", "any/other", ""), "mine", "any/other"),
    ],
)
def test_an_entry_has_a_name(given: tuple[str, str, str], name: str, repository: str) -> None:
    entry = hub_entry(*given)
    assert (entry.name, entry.repository) == (name, repository)


def test_nothing_named_is_wrong_use() -> None:
    with pytest.raises(UsageError):
        hub_entry("", "", "a.gguf")
