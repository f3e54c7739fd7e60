import sys

import pytest

from tests.engines.hubs import COMMIT
from tests.engines.hubs import Hub as FakeHub
from workbench.engines.catalogue import Entry
from workbench.engines.hub import Hub
from workbench.errors import ModelError

pytest.importorskip("huggingface_hub")
FILE = Entry("granite", repository="someone/granite-GGUF", filename="granite-Q4.gguf")
FOLDER = Entry("granite", repository="someone/granite")
TOKEN = "hf_secret"


def test_a_file_comes_with_its_checksum_and_its_commit(hub: FakeHub) -> None:
    found = Hub(FILE, "main", "")
    (file,) = found.files()
    assert (file.name, file.size, file.large, len(file.checksum)) == ("granite-Q4.gguf", 50_000, True, 64)
    assert found.address(file) == f"{hub.url}/someone/granite-GGUF/resolve/{COMMIT}/granite-Q4.gguf"


def test_a_folder_comes_without_pickles_and_other_forms(hub: FakeHub) -> None:
    names = [file.name for file in Hub(FOLDER, "main", "").files()]
    assert names == ["README.md", "config.json", "model.safetensors", "tokenizer.json"]


def test_a_token_goes_to_the_hub_alone(hub: FakeHub) -> None:
    found = Hub(FILE, "main", TOKEN)
    found.files()
    assert hub.listed[0]["authorization"] == f"Bearer {TOKEN}"
    assert found.headers()["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    ("entry", "release", "refuse", "problem", "hint"),
    [
        (Entry("a", repository="some/none", filename="a.gguf"), "main", None, "no a.gguf in some/none", "--repository"),
        (Entry("a", repository="none", filename="a.gguf"), "v9", None, "(404)|no a.gguf", "--repository"),
        (Entry("a", repository="../none"), "main", None, "no name of a repository", "somebody/something"),
        (FILE, "v9", None, "granite-Q4.gguf in someone/granite-GGUF at v9", "--release"),
        (Entry("a", repository=FILE.repository, filename="granite-Q5.gguf"), "v2", None, "no granite-Q5", "granite-Q4"),
        (Entry("a", repository=FILE.repository), "main", None, "no model with a config.json", "--filename: granite-Q4"),
        (FILE, "main", (401, "RepoNotFound"), r"does not give out .*\(401\)", "--token"),
        (FILE, "main", (403, "GatedRepo"), r"does not give out .*\(403\)", "accept its terms"),
        (FILE, "main", (500, ""), r"failed \(500\)", "later"),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(
    hub: FakeHub, entry: Entry, release: str, refuse: tuple[int, str] | None, problem: str, hint: str
) -> None:
    hub.refuse = refuse
    with pytest.raises(ModelError, match=problem) as caught:
        Hub(entry, release, TOKEN).files()
    assert hint in caught.value.hint
    assert TOKEN not in caught.value.message + caught.value.hint


def test_a_file_outside_of_its_folder_is_refused(hub: FakeHub) -> None:
    hub.files["someone/bad"] = {"../../bad.gguf": b"x"}
    with pytest.raises(ModelError, match="outside"):
        Hub(Entry("bad", repository="someone/bad", filename="../../bad.gguf"), "main", "").files()


def test_without_a_network_it_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9 could not be reached for someone/granite-GGUF") as caught:
        Hub(FILE, "main", "").files()
    assert "embedded models" in caught.value.hint


def test_offline_is_heeded(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="switched off") as caught:
        Hub(FILE, "main", "").files()
    assert "HF_HUB_OFFLINE" in caught.value.hint
    assert not hub.asked


def test_without_the_hubs_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModelError, match="huggingface_hub") as caught:
        Hub(FILE, "main", "")
    assert "[hub]" in caught.value.hint


def test_an_entry_without_a_repository_cannot_be_downloaded() -> None:
    with pytest.raises(ModelError, match="not known to be on a hub"):
        Hub(Entry("mine"), "main", "")
