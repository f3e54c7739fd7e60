import sys
from pathlib import Path
from typing import Any

import httpx
import huggingface_hub
import pytest
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError

from workbench.errors import EvaluationError
from workbench.evaluation.datasets import dataset_folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and no network."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path


def mmlu_folder() -> Path:
    return dataset_folder("cais/mmlu", ("all/test-*.parquet", "all/dev-*.parquet"), "--mmlu-data")


def fill(cache: Path, *names: str) -> Path:
    """As the hub's client lays out what it has downloaded."""
    folder = cache / "datasets--cais--mmlu"
    for name in names:
        path = folder / "snapshots" / "c0ffee" / "all" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / "main").write_text("c0ffee")
    return folder / "snapshots" / "c0ffee"


def test_an_offline_node_reads_its_cache(cache: Path) -> None:
    there = fill(cache, "test-00000-of-00001.parquet", "dev-00000-of-00001.parquet")
    assert mmlu_folder() == there


def test_offline_without_a_cache_the_next_command_is_said(cache: Path) -> None:
    with pytest.raises(EvaluationError, match=f"not in {cache}") as raised:
        mmlu_folder()
    assert "hf download cais/mmlu --repo-type dataset --include 'all/test-*.parquet'" in raised.value.hint
    assert "or give --mmlu-data DIR" in raised.value.hint


def test_half_a_cache_is_none(cache: Path) -> None:
    fill(cache, "test-00000-of-00001.parquet")
    with pytest.raises(EvaluationError, match="not in"):
        mmlu_folder()


def test_what_the_hub_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    # Which HTTP library's answer it should be depends on the release of the hub's client.
    answer: Any = httpx.Response(403, request=httpx.Request("GET", "http://hub"))

    def refuse(*args: Any, **more: Any) -> str:
        raise HfHubHTTPError("403 Forbidden\nmore", response=answer)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(EvaluationError, match=r"could not be downloaded: 403 Forbidden\n"):
        mmlu_folder()


def test_without_its_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(EvaluationError, match="needs the package huggingface_hub"):
        mmlu_folder()


def test_a_name_that_the_hub_cannot_have_is_said() -> None:
    with pytest.raises(EvaluationError, match="a--b/c could not be downloaded"):
        dataset_folder("a--b/c", ("*",), "--mmlu-data")
