import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from workbench.device import Device
from workbench.errors import OptionsError, TrainingError
from workbench.training import precision
from workbench.training.options import TrainingOptions
from workbench.training.precision import check_options, choose_attention, choose_precision, load_model

CPU = Device("cpu", "float32", 1, "")
GPU = Device("cuda", "bfloat16", 1, "")
OLD_GPU = Device("cuda", "float32", 1, "")
METAL = Device("mps", "float32", 1, "")


def options(**values: Any) -> TrainingOptions:
    return TrainingOptions.parse({"device": "cpu", "threads": 1, **values})


@pytest.mark.parametrize(
    ("device", "values", "compute", "weights", "why"),
    [
        (CPU, {}, "float32", "float32", "every processor"),
        (GPU, {}, "bfloat16", "float32", "stay in float32"),
        (GPU, {"precision": "float32"}, "float32", "float32", "as was asked"),
        (GPU, {"lora_rank": 4}, "bfloat16", "bfloat16", "adapters are float32"),
        (GPU, {"precision": "bfloat16_weights"}, "bfloat16", "bfloat16", "updates under 1/256"),
        (OLD_GPU, {}, "float32", "float32", "not compute bfloat16 natively"),
        (METAL, {}, "float32", "float32", "not compute bfloat16 natively"),
    ],
)
def test_the_device_decides_on_numbers(
    device: Device, values: dict[str, Any], compute: str, weights: str, why: str
) -> None:
    chosen = choose_precision(options(**values), device)
    assert (chosen.compute, chosen.weights) == (compute, weights)
    assert why in chosen.reason


def test_bfloat16_on_a_processor_is_taken_where_it_is_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "bfloat16_gain", lambda: 1.9)
    chosen = choose_precision(options(precision="bfloat16"), CPU)
    assert (chosen.compute, chosen.weights) == ("bfloat16", "float32")
    assert "1.9 times as fast" in chosen.reason
    monkeypatch.setattr(precision, "bfloat16_gain", lambda: 0.3)
    with pytest.raises(OptionsError, match=r"0\.3 times as fast"):
        choose_precision(options(precision="bfloat16"), CPU)


@pytest.mark.parametrize("device", [OLD_GPU, METAL])
def test_bfloat16_is_refused_where_it_is_emulated(device: Device) -> None:
    with pytest.raises(OptionsError, match="does not compute bfloat16 natively"):
        choose_precision(options(precision="bfloat16"), device)


def test_attention_is_ragged_unless_asked_otherwise() -> None:
    assert choose_attention(options(), CPU).kind == "ragged"
    assert "kernel" in choose_attention(options(), GPU).reason
    assert "side by side" in choose_attention(options(precision="float32"), GPU).reason
    assert choose_attention(options(attention="padded"), GPU).kind == "padded"


@pytest.mark.parametrize(
    ("device", "values", "message"),
    [
        (CPU, {"quantize_base": "nf4"}, "quantize_base nf4 and lora_rank 0"),
        (CPU, {"quantize_base": "nf4", "lora_rank": 4}, "quantize_base nf4 and device cpu"),
        (CPU, {"lora_targets": ["q_proj"]}, "lora_targets and lora_rank 0"),
        (CPU, {"lora_dropout": 0.1}, "lora_dropout and lora_rank 0"),
        (METAL, {"optimizer": "adamw_8bit"}, "optimizer adamw_8bit and device mps"),
        (CPU, {"optimizer": "adamw_8bit", "processes": 2}, "optimizer adamw_8bit and processes 2"),
        (GPU, {"quantize_base": "nf4", "lora_rank": 4, "compile": True}, "quantize_base nf4 and compile"),
        (CPU, {"attention": "padded", "compile": True}, "attention padded and compile"),
        (METAL, {"processes": 2}, "processes 2 and device mps"),
    ],
)
def test_pairs_that_do_not_go_together_are_named(
    monkeypatch: pytest.MonkeyPatch, device: Device, values: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr(precision, "find_spec", lambda name: object())
    with pytest.raises(OptionsError, match=message) as caught:
        check_options(options(**values), device)
    assert caught.value.hint


@pytest.mark.parametrize("values", [{"optimizer": "adamw_8bit"}, {"quantize_base": "nf4", "lora_rank": 4}])
def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch, values: dict[str, Any]) -> None:
    monkeypatch.setattr(precision, "find_spec", lambda name: None)
    with pytest.raises(OptionsError, match="needs bitsandbytes") as caught:
        check_options(options(**values), GPU)
    assert "[quantized]" in caught.value.hint


def test_compiling_needs_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(OptionsError, match=r"compile needs a C\+\+ compiler"):
        check_options(options(compile=True), CPU)
    monkeypatch.setattr(precision, "find_spec", lambda name: None)
    with pytest.raises(OptionsError, match="compile needs Triton"):
        check_options(options(compile=True), GPU)


def test_a_base_is_loaded_in_float32_with_its_tokenizer(tiny_model: Path) -> None:
    model, tokenizer = load_model(tiny_model, options())
    assert model.dtype == torch.float32
    assert tokenizer.chat_template
    assert torch.get_num_threads() == 1
    assert not model.is_activation_checkpointing


def test_activations_are_computed_again_where_asked(tiny_model: Path) -> None:
    model, _ = load_model(tiny_model, options(activation_checkpointing="on"))
    assert model.is_activation_checkpointing


def test_a_row_longer_than_the_model_reads_is_refused(tiny_model: Path) -> None:
    with pytest.raises(OptionsError, match="max_length 100000 is longer") as caught:
        load_model(tiny_model, options(max_length=100000))
    assert "give at most" in caught.value.hint


def test_weights_that_are_missing_are_not_drawn_by_chance(tiny_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    weights = load_file(folder / "model.safetensors")
    dropped = next(name for name in weights if "down_proj" in name)
    del weights[dropped]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(TrainingError, match="weights are missing"):
        load_model(folder, options())


def test_weights_of_another_shape_are_named(tiny_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 380}))
    with pytest.raises(TrainingError, match=r"embed_tokens\.weight is \(384, 256\), and \(380, 256\) by its config"):
        load_model(folder, options())


def test_weights_that_the_model_has_no_place_for_are_named(tiny_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    fewer = config["num_hidden_layers"] - 1
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": fewer}))
    with pytest.raises(TrainingError, match=rf"no place for \d+ weights, model\.layers\.{fewer}\."):
        load_model(folder, options())


@pytest.mark.parametrize(("file", "content"), [("model.safetensors", "cut"), ("tokenizer.json", "{")])
def test_a_folder_with_foreign_files_is_refused_in_one_line(
    tiny_model: Path, tmp_path: Path, file: str, content: str
) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    (folder / file).write_text(content)
    with pytest.raises(TrainingError, match="not a model that can be trained") as caught:
        load_model(folder, options())
    assert "\n" not in caught.value.message
