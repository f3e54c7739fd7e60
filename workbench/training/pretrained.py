"""A base model's folder looked at before it is loaded: what is missing or foreign is said with what to do."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import NotFoundError, TrainingError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_HUGGING_FACE = "give a folder that save_pretrained() wrote, with its tokenizer"
_UNQUANTISED = "give the Hugging Face folder that it was made from"


def check_folder(folder: Path) -> None:
    """NotFoundError where there is nothing, TrainingError for what is no folder of safetensors without own code."""
    if not folder.exists():
        raise NotFoundError(f"there is no model folder {folder}", hint="`workbench model list` shows those at hand")
    if not folder.is_dir():
        if folder.suffix == ".gguf" or _opens_with(folder, b"GGUF"):
            raise TrainingError(f"{folder} is a GGUF file, made to chat with and not to train", hint=_UNQUANTISED)
        raise TrainingError(f"{folder} is a file, not a model folder", hint=_HUGGING_FACE)
    _check_config(folder, _config(folder))
    _check_weights(folder)


def read_config(folder: Path) -> dict[str, Any]:
    """The folder's config.json, once the folder is known to be one that can be trained."""
    check_folder(folder)
    return _config(folder)


def check_vocabulary(folder: Path, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> None:
    """TrainingError where the tokenizer has tokens that the model has no row for; more rows than tokens are usual."""
    last = max(tokenizer.get_vocab().values(), default=-1)
    rows = model.get_input_embeddings().weight.shape[0]
    if last >= rows:
        raise TrainingError(
            f"{folder}: its tokenizer goes up to token {last}, its model knows {rows} of them",
            hint="take the tokenizer that belongs to it, or model.resize_token_embeddings(len(tokenizer)) and save it",
        )


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        if any(folder.glob("*.gguf")):
            raise TrainingError(f"{folder} holds GGUF files, made to chat with and not to train", hint=_UNQUANTISED)
        if (folder / "adapter_config.json").is_file():
            hint = "give the folder of the merged model; `workbench model export` merges an adapter on the way to GGUF"
            raise TrainingError(f"{folder} holds an adapter without its model", hint=hint)
        raise TrainingError(f"{folder}: there is no config.json in it", hint=_HUGGING_FACE)
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise TrainingError(f"{path}: not readable: {error}", hint="fetch the model again") from error
    if not isinstance(config, dict):
        raise TrainingError(f"{path}: not a JSON object", hint="fetch the model again")
    return config


def _check_config(folder: Path, config: dict[str, Any]) -> None:
    from transformers import CONFIG_MAPPING
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    kind = config.get("model_type")
    if kind not in CONFIG_MAPPING:
        if config.get("auto_map"):
            raise TrainingError(
                f"{folder}: {kind} wants to run Python code of its own, which is never done here",
                hint="take a model that transformers knows itself, of the Llama, Mistral, Qwen or Granite family, say",
            )
        raise TrainingError(f"{folder}: transformers knows no models of type {kind}", hint="update it, or take another")
    if kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        hint = "take a model of the Llama, Mistral, Qwen or Granite family, say"
        raise TrainingError(f"{folder}: a {kind} does not write on, as models that chat do", hint=hint)
    if config.get("quantization_config"):
        raise TrainingError(
            f"{folder}: its weights are quantised already",
            hint=f"{_UNQUANTISED}; quantize_base nf4 quantises it while it loads",
        )


def _check_weights(folder: Path) -> None:
    if any(folder.glob("*.safetensors")):
        return
    pickles = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth") for path in folder.glob(pattern))
    if pickles:
        raise TrainingError(
            f"{folder}: {pickles[0]} is a pickle, which can run code when it is read",
            hint="if you trust it, convert it once: AutoModelForCausalLM.from_pretrained(old).save_pretrained(new)",
        )
    raise TrainingError(f"{folder}: there are no weights in it (*.safetensors)", hint="fetch the model again")


def _opens_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic
