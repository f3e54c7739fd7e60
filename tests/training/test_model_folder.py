import json
from pathlib import Path

import torch

from workbench.training.learner import Learner
from workbench.training.model_folder import whole_weights, write_model
from workbench.training.options import TrainingOptions
from workbench.training.precision import load_model
from workbench.training.world import ALONE

OPTIONS = TrainingOptions(device="cpu", threads=1)


def test_what_is_written_is_loaded_again(tiny_model: Path, tmp_path: Path) -> None:
    model, tokenizer = load_model(tiny_model, OPTIONS)
    learner = Learner(model)
    assert whole_weights(learner, ALONE) is None
    with torch.no_grad():
        model.get_input_embeddings().weight.add_(1.0)
    folder = tmp_path / "written"
    write_model(folder, learner, tokenizer)
    again, _ = load_model(folder, OPTIONS)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    config = json.loads((folder / "config.json").read_text())
    assert "workbench_ragged" not in json.dumps(config)
    assert config["dtype"] == "float32"
    assert (folder / "chat_template.jinja").is_file()
    assert [path.suffix for path in folder.iterdir() if path.suffix in (".bin", ".pt")] == []


def test_given_weights_take_the_place_of_the_model_s(tiny_model: Path, tmp_path: Path) -> None:
    model, tokenizer = load_model(tiny_model, OPTIONS)
    weights = {name: torch.zeros_like(value) for name, value in model.state_dict().items()}
    write_model(tmp_path / "written", Learner(model), tokenizer, weights)
    again, _ = load_model(tmp_path / "written", OPTIONS)
    assert all(not parameter.any() for parameter in again.parameters())
