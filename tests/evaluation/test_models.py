from pathlib import Path

import pytest

from tests.evaluation.conftest import World
from workbench.errors import ModelError, NotFoundError, OptionsError
from workbench.evaluation.models import find_judge, find_models, model_digest


def test_a_trained_run_brings_its_own_base(world: World) -> None:
    found = find_models(world.options(), world.workspace)
    assert found.run is not None
    assert found.run.id == world.trained.id
    assert [subject.who for subject in found.subjects] == ["base", "trained"]
    assert found.trained.model == str(world.trained.folder / "Model")


def test_another_base_may_be_named(world: World, tmp_path: Path) -> None:
    (tmp_path / "other.gguf").write_bytes(b"GGUF")
    found = find_models(world.options(base_model=str(tmp_path / "other.gguf")), world.workspace)
    assert found.base is not None
    assert found.base.name == "other.gguf"


def test_a_bare_model_has_no_base(world: World) -> None:
    found = find_models(world.options(model="models/base"), world.workspace)
    assert (found.base, found.run, found.trained.name) == (None, None, "base")


def test_what_is_neither_run_nor_file_is_not_found(world: World) -> None:
    with pytest.raises(NotFoundError, match="demi") as raised:
        find_models(world.options(model="demi"), world.workspace)
    assert "demo" in raised.value.hint
    with pytest.raises(ModelError, match="not downloaded"):
        find_models(world.options(model="granite-7b-lab"), world.workspace)
    with pytest.raises(ModelError, match="elsewhere"):
        find_models(world.options(base_model="elsewhere"), world.workspace)
    with pytest.raises(OptionsError, match="no model"):
        find_models(world.options(model=""), world.workspace)


def test_a_digest_is_that_of_the_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    before = model_digest(str(tmp_path)), model_digest(str(tmp_path / "a"))
    (tmp_path / "a").write_text("two")
    assert before != (model_digest(str(tmp_path)), model_digest(str(tmp_path / "a")))
    assert len(model_digest("only a name")) == 64


def test_a_judge_is_looked_up(world: World) -> None:
    assert find_judge(world.options(), world.workspace) == str(world.judge)


def test_a_judge_at_an_endpoint_keeps_its_name(world: World) -> None:
    options = world.options(judge_model="some-judge", judge_endpoint_url="http://localhost:1/v1")
    assert find_judge(options, world.workspace) == "some-judge"
