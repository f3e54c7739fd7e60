import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.engines.catalogue import Entry
from workbench.engines.download import download
from workbench.errors import ModelError

hub = pytest.importorskip("huggingface_hub")
errors = pytest.importorskip("huggingface_hub.errors")
FILE = Entry("granite", repository="someone/granite-GGUF", filename="granite.gguf")
FOLDER = Entry("granite", repository="someone/granite")


def answering(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception | None = None) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []

    def fetch(*given: str, **settings: Any) -> str:
        asked.append({"given": given} | settings)
        if error:
            raise error
        return str(Path(settings["local_dir"]) / given[-1])

    monkeypatch.setattr(hub, name, fetch)
    return asked


def test_a_file_comes_from_its_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, "hf_hub_download")
    assert download(FILE, tmp_path, release="v2", token="hf_secret") == tmp_path / "granite.gguf"
    given = ("someone/granite-GGUF", "granite.gguf")
    assert asked == [{"given": given, "revision": "v2", "token": "hf_secret", "local_dir": tmp_path}]


def test_a_folder_comes_without_pickles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, "snapshot_download")
    assert download(FOLDER, tmp_path) == tmp_path / "granite"
    patterns = asked[0]["allow_patterns"]
    assert "*.safetensors" in patterns
    assert not [pattern for pattern in patterns if ".bin" in pattern or ".pt" in pattern or pattern == "*"]


def failure(status: int) -> Exception:
    response: Any = SimpleNamespace(status_code=status, headers={}, request=None)
    error: Exception = errors.HfHubHTTPError("refused for hf_secret", response=response)
    return error


def broken_off() -> Exception:
    """What the HTTP library under the hub's client raises when a connection breaks off."""
    transport: type[Exception] = errors.HfHubHTTPError.__bases__[0]
    return transport("connection reset")


@pytest.mark.parametrize(
    ("error", "problem", "hint"),
    [
        (errors.LocalEntryNotFoundError("no connection"), "could not be reached", "embedded models"),
        (errors.OfflineModeIsEnabled("offline"), "could not be reached", "embedded models"),
        (broken_off(), "could not be reached.*connection reset", "embedded models"),
        (OSError("No space left on device"), "No space left", ""),
        (failure(403), "does not give out", "--token"),
        (failure(404), "has no granite.gguf", "--filename"),
    ],
)
def test_a_failure_says_what_to_do_and_hides_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, problem: str, hint: str
) -> None:
    answering(monkeypatch, "hf_hub_download", error)
    with pytest.raises(ModelError, match=problem) as caught:
        download(FILE, tmp_path, token="hf_secret")
    assert hint in caught.value.hint
    assert "hf_secret" not in caught.value.message


def test_without_the_hubs_client_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModelError, match="huggingface_hub") as caught:
        download(FILE, tmp_path)
    assert "[hub]" in caught.value.hint


def test_an_entry_without_a_repository_cannot_be_downloaded(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not known to be on a hub"):
        download(Entry("mine"), tmp_path)
