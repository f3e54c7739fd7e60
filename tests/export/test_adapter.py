import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.export.conftest import Variant
from tests.export.oracles import ids_of, llama_logits, true_logits
from tests.export.tokenizers_made_here import change
from workbench.errors import ExportError
from workbench.export import export_gguf
from workbench.export.adapter import Adapter, is_adapter
from workbench.export.checkpoint import read_tensors
from workbench.export.model_folder import ModelFolder

LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def adapt(base: Path, folder: Path, **settings: Any) -> Path:
    """An adapter with random factors, and beside it the model that peft makes of both."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = get_peft_model(
            AutoModelForCausalLM.from_pretrained(base),
            LoraConfig(**{"r": 4, "lora_alpha": 12, "target_modules": LINEAR, "task_type": "CAUSAL_LM"} | settings),
        )
        for name, weights in model.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                torch.nn.init.normal_(weights, std=0.05)
    model.save_pretrained(folder)
    model.merge_and_unload().save_pretrained(folder / "merged")
    return folder


@pytest.fixture
def base(variant: Variant) -> Path:
    return variant("Qwen2", name="base", tie_word_embeddings=False, num_key_value_heads=2)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"target_modules": ["q_proj", "down_proj"], "layers_to_transform": [1]},
        {"use_rslora": True},
        {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"layers.1.self_attn.v_proj": 30}},
        {"target_modules": ["q_proj", "embed_tokens", "lm_head"]},
        {"modules_to_save": ["lm_head"]},
        {"target_modules": ["q_proj"], "bias": "lora_only"},
    ],
    ids=["linear", "one layer", "rank-stabilised", "patterns", "embeddings", "whole modules", "biases"],
)
@pytest.mark.filterwarnings("ignore")
def test_merging_gives_what_peft_gives(base: Path, tmp_path: Path, settings: dict[str, Any]) -> None:
    folder = adapt(base, tmp_path / "adapter", **settings)
    found = ModelFolder.read(folder).tensors
    wanted = read_tensors(folder / "merged")
    plain = read_tensors(base)
    assert found.keys() == wanted.keys()
    changed = 0
    for name, tensor in wanted.items():
        np.testing.assert_allclose(found[name].read(), tensor.read(), atol=1e-5)
        np.testing.assert_allclose(found[name].read(3, 7), tensor.read(3, 7), atol=1e-5)
        changed += not np.array_equal(tensor.read(), plain[name].read())
    assert changed


@pytest.mark.filterwarnings("ignore")
def test_a_merged_adapter_says_what_the_adapted_model_says(base: Path, tmp_path: Path) -> None:
    folder = adapt(base, tmp_path / "adapter")
    ids = ids_of(base)
    path = export_gguf(folder, tmp_path / "merged.gguf", "F32")
    assert np.abs(llama_logits(path, ids) - true_logits(folder / "merged", ids)).max() < 1e-3
    assert np.abs(llama_logits(path, ids) - true_logits(base, ids)).max() > 1e-2


@pytest.mark.parametrize("targets", [["lm_head"], ["embed_tokens"], ["q_proj"]])
@pytest.mark.filterwarnings("ignore")
def test_a_tied_head_parts_from_embeddings_that_an_adapter_changes(
    variant: Variant, tmp_path: Path, targets: list[str]
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = variant(name="tied")
    folder = adapt(base, tmp_path / "adapter", target_modules=targets)
    model = ModelFolder.read(folder)
    assert ("lm_head.weight" in model.tensors) == (targets != ["q_proj"])
    ids = ids_of(base)
    import torch

    with torch.inference_mode():
        adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
        wanted = adapted(torch.tensor([ids])).logits[0].numpy()
    found = llama_logits(export_gguf(folder, tmp_path / "merged.gguf", "F32"), ids)
    assert np.abs(found - wanted).max() < 1e-3


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    """Without peft: factors of one matrix."""
    return written(tmp_path / "adapter", base, (4, 256), (256, 4))


def written(folder: Path, base: Path, down: tuple[int, int], up: tuple[int, int], module: str = "q_proj") -> Path:
    from safetensors.numpy import save_file

    folder.mkdir(exist_ok=True)
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "base_model_name_or_path": str(base)}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    name = f"base_model.model.model.layers.0.self_attn.{module}"
    factors = {"A": np.ones(down, np.float32), "B": np.full(up, 0.5, np.float32)}
    save_file(
        {f"{name}.lora_{key}.weight": value for key, value in factors.items()}, folder / "adapter_model.safetensors"
    )
    return folder


def test_a_product_is_scaled_and_added(adapter: Path, base: Path) -> None:
    assert is_adapter(adapter)
    assert not is_adapter(base)
    name = "model.layers.0.self_attn.q_proj.weight"
    before = read_tensors(base)[name].read()
    np.testing.assert_allclose(ModelFolder.read(adapter).tensors[name].read(), before + 2 * 4 * 0.5, atol=1e-5)


def test_the_base_is_found_where_it_is_said_to_be(adapter: Path, base: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.move(base, moved)
    with pytest.raises(ExportError, match=r"is an adapter, and its base .*base is not a model folder here") as caught:
        ModelFolder.read(adapter)
    assert f"workbench model export {adapter} --adapter-base FOLDER" in caught.value.hint
    assert ModelFolder.read(adapter, moved).tokenizer == moved
    change(adapter, "adapter_config.json", base_model_name_or_path="../moved")
    assert ModelFolder.read(adapter).config.path.resolve() == moved / "config.json"
    for wrong in ("", ".", str(adapter)):
        change(adapter, "adapter_config.json", base_model_name_or_path=wrong)
        with pytest.raises(ExportError, match="is not a model folder here"):
            ModelFolder.read(adapter)
    (adapter / "tokenizer.json").write_text("{}")
    assert ModelFolder.read(adapter, moved).tokenizer == adapter


@pytest.mark.parametrize(
    ("down", "up", "module", "problem"),
    [
        ((4, 512), (256, 4), "q_proj", r"is \(256, 512\), but its base has \(256, 256\) there"),
        ((4, 256), (256, 3), "q_proj", r"but its base has"),
        ((4, 256), (256, 4), "x_proj", r"x_proj.lora_A.weight belongs to nothing that its base holds"),
    ],
)
def test_another_base_is_refused(
    base: Path, tmp_path: Path, down: tuple[int, int], up: tuple[int, int], module: str, problem: str
) -> None:
    with pytest.raises(ExportError, match=problem) as caught:
        ModelFolder.read(written(tmp_path / "adapter", base, down, up, module))
    assert "--adapter-base" in caught.value.hint


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"use_dora": True}, "of the kind DoRA"),
        ({"peft_type": "PREFIX_TUNING"}, "of the kind PREFIX_TUNING"),
    ],
)
def test_other_kinds_of_adapters_are_refused(adapter: Path, values: dict[str, Any], problem: str) -> None:
    change(adapter, "adapter_config.json", **values)
    with pytest.raises(ExportError, match=problem) as caught:
        Adapter.read(adapter)
    assert "merge_and_unload" in caught.value.hint


def test_an_adapter_without_its_tensors_is_refused(adapter: Path) -> None:
    (adapter / "adapter_model.safetensors").unlink()
    with pytest.raises(ExportError, match=r"holds no adapter_model\.safetensors"):
        Adapter.read(adapter)
