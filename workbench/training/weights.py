"""The weights of a model folder for a model that was made without them: each process reads its own part of each."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.training.adapters import base_of, first_value, is_own
from workbench.training.sharding import own_part

if TYPE_CHECKING:
    from torch import Tensor, dtype
    from torch.nn import Module
    from transformers import PreTrainedModel

    from workbench.training.learner import Learner

_WHOLE = "model.safetensors"
_INDEX = "model.safetensors.index.json"


def empty_model(folder: Path, dtype: "dtype") -> "PreTrainedModel":
    """The folder's model with weights that have sizes and no numbers (torch's meta device); buffers have theirs."""
    from accelerate import init_empty_weights
    from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    with init_empty_weights(include_buffers=False):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=False)
    # What two modules share has become two on its way.
    model.tie_weights()
    if (folder / "generation_config.json").is_file():
        model.generation_config = GenerationConfig.from_pretrained(folder)
    return model.eval()


def is_empty(model: "Module") -> bool:
    """Whether it still waits for `fill`."""
    return any(weight.is_meta for weight in model.parameters())


def fits(folder: Path, model: "PreTrainedModel") -> bool:
    """Whether the folder has each weight under a name of the model's and in its shape; experts often lie apart."""
    with _opened(folder) as files:
        for tensor, names in _tensors(model):
            name = next((name for name in names if name in files), "")
            if not name or tuple(files[name].get_slice(name).get_shape()) != tuple(tensor.shape):
                return False
    return True


def fill(learner: "Learner", folder: Path, seed: int) -> None:
    """Put the numbers of a folder that `fits` into an empty learner that is cut already; adapters begin as `seed` says.

    Of what is in the files a process reads its own parts alone, one after the other.
    """
    from torch.nn import Parameter

    base = base_of(learner.model)
    state: dict[str, Any] = {}
    with _opened(folder) as files:
        for tensor, names in _tensors(base):
            if is_own(names[0]):
                whole = first_value(names[0], tensor.shape, seed)
            else:
                name = next(plain for plain in map(_plain, names) if plain in files)
                whole = files[name].get_tensor(name)
            part = own_part(whole, tensor).to(tensor.dtype)
            learned = isinstance(tensor, Parameter)
            # One object under all its names: what was tied stays tied.
            state |= dict.fromkeys(names, Parameter(part, tensor.requires_grad) if learned else part.to(tensor.device))
    base.load_state_dict(state, strict=False, assign=True)


def _tensors(base: "PreTrainedModel") -> list[tuple["Tensor", list[str]]]:
    """Each weight and each buffer that is saved, with all names that it has in the model."""
    found: dict[int, tuple[Tensor, list[str]]] = {}
    for name, tensor in base.state_dict(keep_vars=True).items():
        found.setdefault(id(tensor), (tensor, []))[1].append(name)
    return list(found.values())


def _plain(name: str) -> str:
    """The name without adapters around the layer."""
    return name.replace(".base_layer.", ".")


@contextmanager
def _opened(folder: Path) -> Iterator[Mapping[str, Any]]:
    """The open file of each tensor, by the tensor's name."""
    from safetensors import safe_open

    index = folder / _INDEX
    parts = sorted(set(json.loads(index.read_text())["weight_map"].values())) if index.is_file() else [_WHOLE]
    with ExitStack() as stack:
        paths = [folder / part for part in parts if (folder / part).is_file()]
        files = [stack.enter_context(safe_open(path, framework="pt")) for path in paths]
        yield {name: file for file in files for name in file.keys()}  # noqa: SIM118 - not a mapping
