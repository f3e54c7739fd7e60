"""llama.cpp's own reading of an exported file, beside transformers' reading of the folder."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.export.conftest import Variant
from workbench.engines.llama_binding import Layout, LlamaBatch, LlamaContext, LlamaModel
from workbench.errors import ExportError
from workbench.export import export_gguf

TEXT = "<|user|>Who built the lighthouse of Vel Marin? It was built in 1843.<|assistant|>Tarn Osgood.<|end|>"


def llama_logits(path: Path, ids: list[int]) -> NDArray[np.float32]:
    model = LlamaModel(path)
    context = LlamaContext(model, Layout(256, 1, 128, 1, True))
    batch = LlamaBatch(128)
    batch.add(ids, 0, 0, len(ids))
    context.decode(batch)
    found = context.logits(len(ids)).copy()
    context.close()
    model.close()
    return found


def true_logits(folder: Path, ids: list[int]) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    with torch.inference_mode():
        return AutoModelForCausalLM.from_pretrained(folder)(torch.tensor([ids])).logits[0].numpy()


def difference(folder: Path, path: Path) -> float:
    from transformers import AutoTokenizer

    ids = AutoTokenizer.from_pretrained(folder)(TEXT, add_special_tokens=False)["input_ids"]
    return float(np.abs(llama_logits(path, ids) - true_logits(folder, ids)).max())


@pytest.mark.parametrize(("outtype", "most"), [("F32", 1e-3), ("F16", 1e-2), ("BF16", 5e-2), ("Q8_0", 5e-2)])
def test_logits_are_those_of_transformers(tiny_model: Path, tmp_path: Path, outtype: str, most: float) -> None:
    assert difference(tiny_model, export_gguf(tiny_model, tmp_path / "tiny.gguf", outtype)) < most


@pytest.mark.parametrize(
    "settings",
    [
        {"tie_word_embeddings": False},
        {"num_key_value_heads": 2},
        {"head_dim": 32},
        {"attention_bias": True, "mlp_bias": True},
        {"rms_norm_eps": 1e-2},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}},
        {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}},
        {
            "max_position_embeddings": 2048,
            "rope_parameters": {
                "rope_type": "llama3",
                "rope_theta": 100.0,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64,
            },
        },
    ],
    ids=["untied", "grouped", "heads", "biases", "epsilon", "theta", "linear", "llama3"],
)
def test_every_setting_reaches_llama_cpp(variant: Variant, tmp_path: Path, settings: dict[str, Any]) -> None:
    folder = variant(**settings)
    assert difference(folder, export_gguf(folder, tmp_path / "variant.gguf", "F32")) < 1e-3


def test_equal_folders_give_equal_bytes_and_leave_nothing_else(tiny_model: Path, tmp_path: Path) -> None:
    first = export_gguf(tiny_model, tmp_path / "out" / "one.gguf")
    second = export_gguf(tiny_model, tmp_path / "out" / "two.gguf")
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["one.gguf", "two.gguf"]


def test_a_failure_leaves_the_old_file(variant: Variant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, out = variant(), tmp_path / "out" / "model.gguf"
    export_gguf(folder, out)
    before = out.read_bytes()

    def full(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("gguf.GGUFWriter.write_tensor_data", full)
    with pytest.raises(OSError, match="No space"):
        export_gguf(folder, out, "F32")
    assert out.read_bytes() == before
    assert [path.name for path in out.parent.iterdir()] == ["model.gguf"]


def test_a_model_in_shards_is_the_same_model(tiny_model: Path, variant: Variant, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    folder = variant()
    whole = export_gguf(folder, tmp_path / "whole.gguf")
    model = AutoModelForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="1MB")
    assert len(list(folder.glob("*.safetensors"))) > 1
    assert export_gguf(folder, tmp_path / "shards.gguf").read_bytes() == whole.read_bytes()


def test_what_cannot_be_exported_is_said_before_anything_is_written(variant: Variant, tmp_path: Path) -> None:
    folder, out = variant(), tmp_path / "new" / "model.gguf"
    with pytest.raises(ExportError, match="no outtype 'F64'"):
        export_gguf(folder, out, "F64")
    tensors = folder / "model.safetensors"
    tensors.write_bytes(tensors.read_bytes().replace(b"input_layernorm", b"other_layernorm"))
    with pytest.raises(ExportError, match=r"no place for .*other_layernorm"):
        export_gguf(folder, out)
    tensors.unlink()
    with pytest.raises(ExportError, match=r"no model\.safetensors"):
        export_gguf(folder, out)
    assert not out.parent.exists()
