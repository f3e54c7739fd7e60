import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from workbench.errors import TrainingError
from workbench.training import form
from workbench.training.encoding import Sample
from workbench.training.form import Form, form_of
from workbench.training.learner import Learner
from workbench.training.options import TrainingOptions
from workbench.training.packing import collate
from workbench.training.precision import Precision, load_model

FULL = Precision("float32", "float32", "")
MIXED = Precision("bfloat16", "float32", "")
HALF = Precision("bfloat16", "bfloat16", "")
PLAIN = TrainingOptions(device="cpu", threads=1)
LORA = PLAIN.model_copy(update={"lora_rank": 4})


def counted(folder: Path, options: TrainingOptions = PLAIN, precision: Precision = FULL) -> Form:
    return form_of(folder, options, precision, "cpu")


def really_saved(folder: Path, tokens: int) -> int:
    """Bytes that a forward pass over real numbers keeps, weights apart."""
    model, _ = load_model(folder, PLAIN)
    learner = Learner(model)
    own = {weight.untyped_storage().data_ptr() for weight in learner.parameters()}
    found: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    sample = Sample((1,) * (tokens // 2), (1.0,) * (tokens // 2))
    with saved_tensors_hooks(note, lambda tensor: tensor):
        hidden = learner.hidden(collate([sample, sample]))
    del hidden
    return sum(found.values())


def test_numbers_are_counted_as_they_are(tiny_model: Path) -> None:
    model, _ = load_model(tiny_model, PLAIN)
    counts = counted(tiny_model)
    assert counts.parameters == counts.learned == sum(weight.numel() for weight in model.parameters())
    assert counts.weights == 4 * counts.parameters
    assert counts.saved_size == counts.learned_size == 4
    assert counts.layers == model.config.num_hidden_layers
    assert (counts.vocabulary, counts.width) == tuple(model.get_input_embeddings().weight.shape)
    ends = {id(model.get_input_embeddings().weight), id(model.get_output_embeddings().weight)}
    matrices = [weight for weight in model.parameters() if weight.ndim == 2 and id(weight) not in ends]
    assert counts.matrices == sum(weight.numel() for weight in matrices)
    assert counts.head == model.get_output_embeddings().weight.numel()


def test_what_a_pass_keeps_is_counted_without_numbers(tiny_model: Path) -> None:
    counts = counted(tiny_model)
    really = really_saved(tiny_model, 192)
    assert counts.each_pass + 192 * counts.each_token == pytest.approx(really, rel=0.02)


def test_half_the_bytes_in_half_precision(tiny_model: Path) -> None:
    full, mixed, half = (counted(tiny_model, PLAIN, precision) for precision in (FULL, MIXED, HALF))
    assert half.weights * 2 == full.weights == mixed.weights
    assert half.each_token < mixed.each_token < full.each_token
    # Under autocast every matrix of the layers has a copy in half precision until its gradient is made.
    assert mixed.each_pass == pytest.approx(2 * mixed.matrices, rel=0.01)
    assert half.each_pass == full.each_pass == 0


def test_adapters_are_all_that_learns(tiny_model: Path) -> None:
    plain, lora = counted(tiny_model), counted(tiny_model, LORA)
    assert lora.parameters == plain.parameters
    assert 0 < lora.learned < 0.2 * plain.learned
    assert lora.weights == plain.weights + 4 * lora.learned
    assert lora.matrices == lora.head == 0
    assert lora.each_token < plain.each_token


def test_four_bits_take_an_eighth_of_the_layers(tiny_model: Path) -> None:
    plain, lora = counted(tiny_model), counted(tiny_model, LORA)
    nf4 = counted(tiny_model, LORA.model_copy(update={"quantize_base": "nf4"}))
    saved = lora.weights - nf4.weights
    assert saved == pytest.approx(plain.matrices * (4 - 0.516), rel=0.001)


def test_activations_computed_again_take_a_layer_and_its_like_in_inputs(tiny_model: Path) -> None:
    counts = counted(tiny_model)
    layers, inputs = counts.layers, counts.layers * counts.width * 4
    assert counts.each_token_again == min(inputs + 2 * counts.each_token // layers, counts.each_token)


def test_where_sizes_do_not_tell_a_known_rule_serves(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> int:
        raise RuntimeError("needs numbers")

    monkeypatch.setattr(form, "_saved", fail)
    form._form.cache_clear()
    try:
        counts = counted(tiny_model)
    finally:
        form._form.cache_clear()
    assert counts.each_token == 34 * 2 * counts.layers * counts.width


def test_a_foreign_folder_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "strange"}))
    with pytest.raises(TrainingError, match="strange"):
        counted(folder)
