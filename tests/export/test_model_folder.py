import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import ExportError
from workbench.export.model_folder import ModelFolder


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def rewrite(folder: Path, **changes: Any) -> None:
    """Other tensors; None takes one away."""
    from safetensors.numpy import load_file, save_file

    found = load_file(folder / "model.safetensors") | changes
    save_file({name: value for name, value in found.items() if value is not None}, folder / "model.safetensors")


def test_a_whole_model_is_read(folder: Path) -> None:
    model = ModelFolder.read(folder)
    assert (model.architecture.name, model.tokenizer) == ("llama", folder)
    assert model.tensors["model.embed_tokens.weight"].shape == (384, 256)
    assert list(model.tensors) == sorted(model.tensors)


def test_what_llama_cpp_computes_itself_is_left_out(folder: Path) -> None:
    import numpy as np

    before = ModelFolder.read(folder).tensors.keys()
    extra = {"model.layers.0.self_attn.rotary_emb.inv_freq": np.ones(32, np.float32)}
    rewrite(folder, **extra, **{"lm_head.weight": np.ones((384, 256), np.float32)})
    assert ModelFolder.read(folder).tensors.keys() == before


def test_tensors_must_be_those_of_the_config(folder: Path) -> None:
    import numpy as np

    name = "model.layers.1.mlp.up_proj.weight"
    rewrite(folder, **{name: None})
    with pytest.raises(ExportError, match=f"does not hold {name}"):
        ModelFolder.read(folder)
    rewrite(folder, **{name: np.ones((256, 512), np.float32)})
    with pytest.raises(ExportError, match=r"up_proj.weight is \(256, 512\), but config.json means \(512, 256\)"):
        ModelFolder.read(folder)
    rewrite(folder, **{name: np.ones((512, 256), np.float32), "model.gate.weight": np.ones(3, np.float32)})
    with pytest.raises(ExportError, match=r"llama has no place for model\.gate\.weight"):
        ModelFolder.read(folder)


def test_a_head_that_is_missing_is_not_made_of_the_embeddings(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": False}))
    with pytest.raises(ExportError, match=r"does not hold lm_head\.weight"):
        ModelFolder.read(folder)


def test_what_is_no_model_folder_is_named_with_what_to_do(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="there is no folder") as caught:
        ModelFolder.read(tmp_path / "none")
    assert "workbench model list" in caught.value.hint
    (folder / "model.gguf").write_bytes(b"GGUF....")
    with pytest.raises(ExportError, match="is a GGUF file already") as caught:
        ModelFolder.read(folder / "model.gguf")
    assert f"workbench model quantize {folder / 'model.gguf'}" in caught.value.hint
    with pytest.raises(ExportError, match="is a file, not a model folder"):
        ModelFolder.read(folder / "model.safetensors")
    assert ModelFolder.read(folder)
    (folder / "config.json").unlink()
    with pytest.raises(ExportError, match="holds GGUF files already") as caught:
        ModelFolder.read(folder)
    assert "workbench model quantize" in caught.value.hint
    (folder / "model.gguf").unlink()
    with pytest.raises(ExportError, match=r"holds no config\.json"):
        ModelFolder.read(folder)


def test_only_adapters_have_a_base(folder: Path, tiny_model: Path) -> None:
    with pytest.raises(ExportError, match="is no adapter, so it has no base"):
        ModelFolder.read(folder, tiny_model)
