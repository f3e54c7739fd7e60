import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import NotFoundError, TrainingError
from workbench.training.pretrained import check_folder, check_vocabulary, read_config

Break = Callable[[Path], object]


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy that a test may break."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def change_config(**changes: Any) -> Break:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def replace_weights(name: str) -> Break:
    return lambda folder: (folder / "model.safetensors").rename(folder / name)


def replace_config(name: str) -> Break:
    return lambda folder: (folder / "config.json").rename(folder / name)


def test_a_good_folder_passes(folder: Path) -> None:
    assert read_config(folder)["model_type"] == "llama"


@pytest.mark.parametrize(
    ("broken", "message", "hint"),
    [
        (replace_config("gone.json"), "no config.json", "save_pretrained"),
        (replace_config("adapter_config.json"), "adapter without its model", "workbench model export"),
        (replace_config("model.gguf"), "holds GGUF files", "made from"),
        (lambda folder: (folder / "config.json").write_text("{"), "not readable", "fetch"),
        (lambda folder: (folder / "config.json").write_text("[]"), "not a JSON object", "fetch"),
        (replace_weights("pytorch_model.bin"), "is a pickle", "convert it once"),
        (replace_weights("weights.txt"), "no weights", "fetch"),
        (change_config(model_type="t5"), "a t5 does not write on", "Llama"),
        (change_config(model_type="newest"), "no models of type newest", "update"),
        (
            change_config(model_type="own", auto_map={"AutoModel": "own.Model"}),
            "Python code of its own",
            "take a model",
        ),
        (change_config(quantization_config={"quant_method": "gptq"}), "quantised already", "quantize_base nf4"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(folder: Path, broken: Break, message: str, hint: str) -> None:
    broken(folder)
    with pytest.raises(TrainingError, match=message) as caught:
        check_folder(folder)
    assert hint in caught.value.hint


def test_a_folder_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no model folder"):
        check_folder(tmp_path / "none")


@pytest.mark.parametrize(("name", "content"), [("a.gguf", b""), ("model", b"GGUF\x03"), ("model", b"text")])
def test_a_file_is_no_folder(tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    kind = "not a model folder" if content == b"text" else "is a GGUF file"
    with pytest.raises(TrainingError, match=kind):
        check_folder(file)


def test_a_token_without_a_row_is_refused(folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    check_vocabulary(folder, model, tokenizer)
    tokenizer.add_tokens([f"<new{n}>" for n in range(model.config.vocab_size)])
    with pytest.raises(TrainingError, match="goes up to token") as caught:
        check_vocabulary(folder, model, tokenizer)
    assert "resize_token_embeddings" in caught.value.hint
