"""What is exported: a model folder, or an adapter's together with its base's."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.errors import ExportError
from workbench.export.adapter import Adapter, is_adapter
from workbench.export.architecture import Architecture, architecture_of
from workbench.export.checkpoint import Tensor, read_tensors
from workbench.export.files import AGAIN
from workbench.export.model_config import ELSEWHERE, ModelConfig

_EMBEDDINGS, _HEAD = "model.embed_tokens.weight", "lm_head.weight"


@dataclass(frozen=True)
class ModelFolder:
    """`tensors` are those that llama.cpp needs, under transformers' names; `tokenizer` is the folder that holds it."""

    config: ModelConfig
    architecture: Architecture
    tensors: dict[str, Tensor]
    tokenizer: Path

    @classmethod
    def read(cls, folder: Path, base: Path | None = None) -> "ModelFolder":
        """`base` is where an adapter's base lies, if not where the adapter says. ExportError for everything that is
        not a whole model of a known class."""
        _check_folder(folder)
        if base is not None and not is_adapter(folder):
            raise ExportError(f"{folder} is no adapter, so it has no base", hint="leave --adapter-base out")
        adapter = Adapter.read(folder) if is_adapter(folder) else None
        whole = adapter.base(base) if adapter else folder
        config = ModelConfig.read(whole)
        architecture = architecture_of(config)
        tensors: dict[str, Tensor] = {**read_tensors(whole)}
        if adapter:
            tensors, config = _adapted(adapter, tensors, config)
        tokenizer = folder if (folder / "tokenizer.json").is_file() else whole
        return cls(config, architecture, _checked(config, architecture, tensors), tokenizer)


def _check_folder(folder: Path) -> None:
    if folder.is_file():
        with folder.open("rb") as file:
            found = file.read(4) == b"GGUF"
        hint = f"to make it smaller: workbench model quantize {folder}" if found else "give the folder that it lies in"
        raise ExportError(f"{folder} is {'a GGUF file already' if found else 'a file, not a model folder'}", hint=hint)
    if not folder.is_dir():
        raise ExportError(f"there is no folder {folder}", hint="workbench model list shows the models that are here")
    if not (folder / "config.json").is_file() and not is_adapter(folder) and (files := sorted(folder.glob("*.gguf"))):
        raise ExportError(
            f"{folder} holds GGUF files already", hint=f"to make one smaller: workbench model quantize {files[0]}"
        )


def _adapted(
    adapter: Adapter, tensors: Mapping[str, Tensor], config: ModelConfig
) -> tuple[dict[str, Tensor], ModelConfig]:
    """A tied head follows the embeddings of the base, not what an adapter makes of them: then the two part."""
    given = dict(tensors)
    if config.tied and _EMBEDDINGS in given:
        given[_HEAD] = given[_EMBEDDINGS]
    found = adapter.merged(given)
    tied = config.tied and found.get(_HEAD) is found.get(_EMBEDDINGS)
    if tied:
        found.pop(_HEAD, None)
    values = config.values | {"tie_word_embeddings": tied}
    if _EMBEDDINGS in found and found[_EMBEDDINGS].shape:
        values["vocab_size"] = found[_EMBEDDINGS].shape[0]
    return found, replace(config, values=values)


def _checked(config: ModelConfig, architecture: Architecture, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that the architecture needs, in its order."""
    folder, wanted = config.path.parent, set[str]()
    for name, shape in architecture.tensors(config):
        if name not in tensors:
            raise ExportError(f"{folder} does not hold {name}", hint=AGAIN)
        if tensors[name].shape != shape:
            raise ExportError(f"{folder}: {name} is {tensors[name].shape}, but config.json means {shape}", hint=AGAIN)
        wanted.add(name)
    for name in tensors:
        if name not in wanted and not name.endswith("rotary_emb.inv_freq") and not (config.tied and name == _HEAD):
            raise ExportError(f"{folder}: llama.cpp's {architecture.name} has no place for {name}", hint=ELSEWHERE)
    return {name: tensors[name] for name in sorted(wanted)}
