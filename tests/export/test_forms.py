"""Files that are not as they should be: each ends in an error with its place and a hint, or in a file that loads."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.export.damage import damage
from tests.export.test_architecture import LLAMA3
from tests.export.tokenizers_made_here import byte_level, change, put_around, save_tokenizer, sentencepiece
from workbench.engines.llama_binding import LlamaModel
from workbench.errors import ExportError, WorkbenchError
from workbench.export import export_gguf
from workbench.export.files import checked
from workbench.export.forms import AdapterSettings, Shards, StoredEntry, TokenizerFile, TokenizerSettings

YARN = {"rope_type": "yarn", "rope_theta": 100.0, "factor": 4.0, "original_max_position_embeddings": 64}
SCALES: dict[str, Any] = {
    "attention_multiplier": 0.3,
    "embedding_multiplier": 3.0,
    "residual_multiplier": 0.4,
    "logits_scaling": 2.5,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Models of four families with what each has of its own, and an adapter."""
    root = tmp_path_factory.mktemp("folders")
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    llama = _save(root / "llama", "Llama", byte_level("llama3"), rope_parameters=LLAMA3 | {"rope_theta": 500.0})
    granite = _save(root / "granite", "Granite", byte_level("granite"), rope_parameters=YARN, **SCALES)
    mistral = _save(root / "mistral", "Mistral", put_around(sentencepiece("first"), "<s>"), names, sliding_window=64)
    qwen = _save(root / "qwen", "Qwen3", byte_level("qwen2"), head_dim=16, tie_word_embeddings=True)
    return [llama, granite, mistral, qwen, _adapt(llama, root / "adapter")]


def _save(folder: Path, family: str, tokenizer: Any, names: dict[str, str] | None = None, **settings: Any) -> Path:
    import torch
    import transformers

    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    heads = {"num_key_value_heads": 1, "max_position_embeddings": 256, "vocab_size": tokenizer.get_vocab_size() + 3}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        model = getattr(transformers, f"{family}ForCausalLM")(
            getattr(transformers, f"{family}Config")(**shape, **heads, **settings)
        )
    model.save_pretrained(folder, max_shard_size="50KB" if family == "Granite" else "1GB")
    save_tokenizer(folder, tokenizer, **names or {})
    return folder


def _adapt(base: Path, folder: Path) -> Path:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    settings = {"r": 2, "target_modules": ["q_proj", "down_proj"], "alpha_pattern": {"down_proj": 3}}
    get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(**settings)).save_pretrained(folder)
    change(folder, "adapter_config.json", base_model_name_or_path=str(base))
    return folder


@contextmanager
def damaged(folders: list[Path], number: int) -> Iterator[Path]:
    """A folder with one damaged file, which is whole again afterwards."""
    random = Random(number)
    folder = random.choice(folders)
    path = random.choice(sorted(path for path in folder.iterdir() if path.suffix in (".json", ".safetensors")))
    sys.stdout.write(f"damage {number}: {path}\n")
    kept = path.read_bytes()
    damage(path, random)
    try:
        yield folder
    finally:
        path.write_bytes(kept)


def check_export(folders: list[Path], number: int, out: Path) -> None:
    refused = None
    with damaged(folders, number) as folder:
        try:
            LlamaModel(export_gguf(folder, out / "model.gguf", "Q8_0")).close()
            (out / "model.gguf").unlink()
        except WorkbenchError as error:
            refused = error
    if refused:
        assert isinstance(refused, ExportError)
        assert refused.hint
        assert any(str(place) in refused.message for place in folders), refused
    assert not list(out.glob("*"))


@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_refused_or_do_no_harm(folders: list[Path], tmp_path: Path) -> None:
    for number in range(100):
        check_export(folders, number, tmp_path)


@pytest.mark.prove
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("batch", range(1, 21))
def test_thousands_of_damaged_files_are_refused_or_do_no_harm(folders: list[Path], tmp_path: Path, batch: int) -> None:
    for number in range(batch * 250, (batch + 1) * 250):
        check_export(folders, number, tmp_path)


@pytest.mark.parametrize(
    ("form", "value", "problem"),
    [
        (StoredEntry, {"dtype": "F32", "shape": [2, -1], "data_offsets": [0, 8]}, r"shape\.1 is -1; it should be"),
        (StoredEntry, {"dtype": "F32", "shape": [2], "data_offsets": [8]}, r"data_offsets is \[8\]"),
        (StoredEntry, {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}, r"shape\.0 is True"),
        (Shards, {"weight_map": {"a": 5}}, r"weight_map\.a is 5; it should be a valid string"),
        (TokenizerFile, {"model": {"vocab": {"a": "0"}, "merges": []}}, r"model\.vocab\.a is '0'"),
        (TokenizerFile, {"model": {"vocab": {"\ud800": 0}, "merges": []}}, "unable to parse raw data as a unicode"),
        (TokenizerFile, {"model": {"vocab": {"a": 0}, "merges": [["a"]]}}, r"model\.merges\.0"),
        (TokenizerFile, {"model": {"vocab": {"a": 0}, "merges": []}, "normalizer": {}}, r"normalizer\.type is missing"),
        (TokenizerSettings, {"eos_token": 3}, "eos_token is 3"),
        (AdapterSettings, {"lora_alpha": float("nan")}, "lora_alpha is nan"),
    ],
)
def test_the_first_place_that_is_of_another_form_is_named(form: Any, value: dict[str, Any], problem: str) -> None:
    with pytest.raises(ExportError, match=problem) as caught:
        checked(Path("a.json"), value, form)
    assert caught.value.message.startswith("a.json: ")
    assert caught.value.hint


def test_keys_without_a_form_may_hold_anything() -> None:
    value = {"weight_map": {"a": "model.safetensors"}, "metadata": [1, None]}
    assert checked(Path("a.json"), value, Shards) is value
