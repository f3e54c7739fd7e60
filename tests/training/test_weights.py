from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.training.sharded import READ, as_two, write_folder
from workbench.training.weights import empty_model, fits, is_empty


@pytest.mark.parametrize("name", READ)
def test_two_processes_read_what_one_does_each_its_part(name: str) -> None:
    found = as_two()[0]["read"][name]
    assert found["empty"]
    assert found["cut"]
    assert found["wrong"] == []
    assert found["names"]
    assert found["learned"]
    assert found["tied"] == READ[name].get("tied", True)
    assert found["says"] == 77
    assert found["share"] == pytest.approx(0.5, abs=0.03)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(tmp_path / "model", {})
    return tmp_path / "model"


def test_an_empty_model_takes_no_memory_and_knows_its_sizes(folder: Path) -> None:
    model = empty_model(folder, torch.bfloat16)
    assert is_empty(model)
    assert all(weight.is_meta and weight.dtype == torch.bfloat16 for weight in model.parameters())
    assert not any(value.is_meta for value in model.buffers())
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight


def test_a_folder_fits_where_every_weight_is_there_under_its_name(folder: Path) -> None:
    model, path = empty_model(folder, torch.float32), folder / "model.safetensors"
    assert fits(folder, model)
    weights = load_file(path)
    norm = weights.pop("model.norm.weight")
    for changed in ({"norm": norm}, {"model.norm.weight": norm[1:]}, {}):
        save_file({**weights, **changed}, path, metadata={"format": "pt"})
        assert not fits(folder, model)
    path.unlink()
    assert not fits(folder, model)
