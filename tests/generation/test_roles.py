from contextlib import closing
from pathlib import Path

import pytest

from tests.generation.answering import FakeEngine
from workbench.engines import endpoint_settings
from workbench.errors import ModelError
from workbench.generation import roles
from workbench.generation.journal import Journal
from workbench.generation.options import GenerationOptions
from workbench.generation.roles import model_digests, open_exchange
from workbench.records import digest_file, digest_folder


def model_file(folder: Path, name: str, content: str) -> str:
    path = folder / name
    path.write_text(content)
    return str(path)


def test_digests_are_of_contents_and_load_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "open_engine", lambda *args, **options: pytest.fail("a model was loaded"))
    model = model_file(tmp_path, "a.gguf", "weights")
    again = model_file(tmp_path, "b.gguf", "weights")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    digests = model_digests(GenerationOptions(model=model, critic_model=str(folder)), tmp_path)
    assert digests == {"model": digest_file(Path(model)), "critic": digest_folder(folder)}
    assert model_digests(GenerationOptions(model=again), tmp_path) == {"model": digests["model"]}


def test_a_model_of_the_workspace_goes_by_its_name(tmp_path: Path) -> None:
    model_file(tmp_path, "mine.gguf", "weights")
    assert set(model_digests(GenerationOptions(model="mine"), tmp_path)) == {"model"}
    with pytest.raises(ModelError):
        model_digests(GenerationOptions(model="theirs"), tmp_path)


def test_an_endpoint_is_told_apart_by_address_and_model(tmp_path: Path) -> None:
    def digest(url: str, model: str, key: str = "") -> str:
        return model_digests(GenerationOptions(endpoint_url=url, model=model, api_key=key), tmp_path)["model"]

    first = digest("http://localhost:1/v1", "a")
    assert first == digest("http://localhost:1/v1", "a", key="secret")
    assert len({first, digest("http://localhost:2/v1", "a"), digest("http://localhost:1/v1", "b")}) == 3


def opened(options: GenerationOptions, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeEngine]:
    """The engines by model that an exchange was opened with."""
    engines: dict[str, FakeEngine] = {}

    def open_engine(model: str, **given: object) -> FakeEngine:
        assert given["models_folder"] == folder
        assert given["endpoint"] == endpoint_settings(options)
        return engines.setdefault(model, FakeEngine())

    monkeypatch.setattr(roles, "open_engine", open_engine)
    with (
        closing(Journal(folder / "journal.jsonl")) as journal,
        open_exchange(options, journal, folder) as (_, opened_engines),
    ):
        assert opened_engines["teacher"] is engines[options.model]
        assert opened_engines["critic"] is engines[options.critic_model or options.model]
        assert not any(engine.closed for engine in engines.values())
    assert all(engine.closed for engine in engines.values())
    return engines


def test_the_teacher_judges_unless_another_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for critic in ("", "a"):
        assert set(opened(GenerationOptions(model="a", critic_model=critic), tmp_path, monkeypatch)) == {"a"}
    told = GenerationOptions(model="a", critic_model="b", endpoint_url="http://localhost:1/v1", api_key="k")
    assert set(opened(told, tmp_path, monkeypatch)) == {"a", "b"}
