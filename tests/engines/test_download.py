import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.engines.hubs import Hub
from workbench.engines import download as module
from workbench.engines.catalogue import Entry
from workbench.engines.download import PARTS, download
from workbench.errors import ModelError, StorageError

pytest.importorskip("huggingface_hub")
FILE = Entry("granite", repository="someone/granite-GGUF", filename="granite-Q4.gguf")
FOLDER = Entry("granite", repository="someone/granite")
TOKEN = "hf_secret"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.0)


def content(hub: Hub) -> bytes:
    return hub.files[FILE.repository][FILE.filename]


def parts(folder: Path) -> list[Path]:
    return sorted((folder / PARTS).iterdir())


def test_a_file_comes_whole_with_its_progress(hub: Hub, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    path = download(FILE, tmp_path, tell=lambda *step: told.append(step))
    assert path == tmp_path / "granite-Q4.gguf"
    assert path.read_bytes() == content(hub)
    assert told[-1] == ("granite-Q4.gguf", 50_000, 50_000)
    assert parts(tmp_path) == []


def test_what_is_there_is_not_asked_for_again(hub: Hub, tmp_path: Path) -> None:
    download(FILE, tmp_path)
    hub.asked.clear()
    assert download(FILE, tmp_path) == tmp_path / "granite-Q4.gguf"
    assert not hub.asked


def test_a_folder_comes_whole_or_not_at_all(hub: Hub, tmp_path: Path) -> None:
    hub.sent["tokenizer.json"] = b"damaged"
    with pytest.raises(ModelError, match=r"tokenizer\.json did not arrive as the hub has it"):
        download(FOLDER, tmp_path)
    assert not (tmp_path / "granite").exists()
    hub.sent.clear()
    path = download(FOLDER, tmp_path)
    assert path == tmp_path / "granite"
    assert sorted(file.name for file in path.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    assert (path / "model.safetensors").read_bytes() == hub.files[FOLDER.repository]["model.safetensors"]


def test_a_file_of_a_folder_of_the_hub_lies_where_models_are_found(hub: Hub, tmp_path: Path) -> None:
    hub.files[FILE.repository]["small/q4.gguf"] = b"weights"
    assert download(Entry("a", repository=FILE.repository, filename="small/q4.gguf"), tmp_path) == tmp_path / "q4.gguf"


def test_a_connection_that_is_cut_is_continued(hub: Hub, tmp_path: Path) -> None:
    hub.cut = [20_000, 0, 10_000]
    assert download(FILE, tmp_path).read_bytes() == content(hub)
    asked = [headers.get("Range") for headers in hub.fetched(FILE.filename)]
    assert asked == [None, "bytes=20000-", "bytes=20000-", "bytes=30000-"]


def test_a_download_that_ended_is_continued_by_the_next(hub: Hub, tmp_path: Path) -> None:
    hub.cut = [30_000, 0, 0, 0, 0, 0]
    with pytest.raises(ModelError, match=r"broke off at 0\.0 of 0\.1 MB of granite-Q4\.gguf") as caught:
        download(FILE, tmp_path)
    assert "goes on from there" in caught.value.hint
    assert [part.stat().st_size for part in parts(tmp_path)] == [30_000]
    assert not (tmp_path / "granite-Q4.gguf").exists()
    hub.cut.clear()
    hub.asked.clear()
    assert download(FILE, tmp_path).read_bytes() == content(hub)
    assert [headers.get("Range") for headers in hub.fetched(FILE.filename)] == ["bytes=30000-"]


def test_a_part_of_another_release_is_not_continued(hub: Hub, tmp_path: Path) -> None:
    hub.cut = [30_000, 0, 0, 0, 0, 0]
    with pytest.raises(ModelError):
        download(FILE, tmp_path)
    hub.cut.clear()
    hub.files[FILE.repository][FILE.filename] = newer = b"newer" * 9000
    assert download(FILE, tmp_path).read_bytes() == newer


def test_a_server_without_ranges_sends_all_again(hub: Hub, tmp_path: Path) -> None:
    hub.ranges = False
    hub.cut = [20_000]
    assert download(FILE, tmp_path).read_bytes() == content(hub)


@pytest.mark.parametrize("damaged", [b"x" * 50_000, b"x" * 60_000])
def test_a_wrong_checksum_is_said_and_nothing_is_kept(hub: Hub, tmp_path: Path, damaged: bytes) -> None:
    hub.sent[FILE.filename] = damaged
    with pytest.raises(ModelError, match="its checksum is") as caught:
        download(FILE, tmp_path)
    assert "try again" in caught.value.hint
    assert parts(tmp_path) == []
    assert not (tmp_path / "granite-Q4.gguf").exists()


def test_the_token_goes_to_the_hub_and_nowhere_else(hub: Hub, tmp_path: Path) -> None:
    download(FILE, tmp_path, token=TOKEN)
    (resolved,) = (headers for path, headers in hub.asked if "/resolve/" in path and not path.startswith("/bytes/"))
    assert resolved["Authorization"] == f"Bearer {TOKEN}"
    (fetched,) = hub.fetched(FILE.filename)
    assert TOKEN not in str(fetched)


def test_a_gated_file_says_how_to_get_it(hub: Hub, tmp_path: Path) -> None:
    hub.refuse = (403, "bytes")
    with pytest.raises(ModelError, match=r"does not give out someone/granite-GGUF like this \(403\)") as caught:
        download(FILE, tmp_path, token=TOKEN)
    assert "--token" in caught.value.hint
    assert TOKEN not in caught.value.message


def test_a_disk_without_room_is_said_before(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=49_999))
    with pytest.raises(StorageError, match="no room"):
        download(FILE, tmp_path)
    assert not hub.fetched(FILE.filename)


def test_a_disk_that_fills_up_keeps_what_has_come(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.cut = [20_000, 0, 0, 0, 0, 0]
    with pytest.raises(ModelError):
        download(FILE, tmp_path)
    hub.cut.clear()

    class Full:
        def write(self, block: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    write: Any = module._write
    monkeypatch.setattr(module, "_write", lambda out, block, part: write(Full(), block, part))
    with pytest.raises(StorageError, match="No space left") as caught:
        download(FILE, tmp_path)
    assert "goes on from there" in caught.value.hint
    assert [part.stat().st_size for part in parts(tmp_path)] == [20_000]
