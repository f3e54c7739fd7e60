"""LoRA adapters: put into a model, kept beside it, and merged into plain weights for all who know none.

Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021; over a base of 4 bits, Dettmers et al.,
"QLoRA: Efficient Finetuning of Quantized LLMs", 2023.
"""

import copy
import difflib
import hashlib
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import OptionsError, TrainingError
from workbench.training.options import TrainingOptions

if TYPE_CHECKING:
    from peft import PeftModel
    from peft.tuners.lora import LoraLayer
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel

FOLDER = "adapter"
_NAME = "default"
# Part of the names of adapters' weights, and of no others.
_OWN = "lora_"


def with_adapters(model: "PreTrainedModel", options: TrainingOptions) -> "PreTrainedModel | PeftModel":
    """The model with adapters that learn in its place, or as it is where the options want none.

    Their first values come from the options' seed alone; on weights without numbers they have none either. OptionsError
    for a target that the model does not have.
    """
    if not options.lora_rank:
        return model
    import torch
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=options.lora_rank,
        lora_alpha=options.lora_alpha,  # a scale: nothing wants it whole
        lora_dropout=options.lora_dropout,
        target_modules=choose_targets(model, options.lora_targets),
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # peft asks for a property under its older name.
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        adapted = get_peft_model(model, config, adapter_name=_NAME)
    for name, weight in model.named_parameters():
        if is_own(name) and not weight.is_meta:
            weight.data.copy_(first_value(name, weight.shape, options.seed))
    return adapted


def first_value(name: str, shape: Sequence[int], seed: int) -> "Tensor":
    """What an adapter's weight begins with: the half towards the output zeros, the other evenly drawn.

    Drawn by name, so that a weight is the same whatever else is adapted, and in whichever process.
    """
    import torch

    if "lora_B" in name:
        return torch.zeros(*shape)
    own = int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:4], "little")
    bound = shape[-1] ** -0.5
    return torch.empty(*shape).uniform_(-bound, bound, generator=torch.Generator().manual_seed(own))


def is_own(name: str) -> bool:
    """Whether a weight of that name is an adapter's, not the model's."""
    return _OWN in name


def choose_targets(model: "PreTrainedModel", named: list[str]) -> list[str]:
    """Full names of the linear layers that get adapters, in the model's order: all of the decoder's, or those named.

    A name is a whole one or its last parts (`q_proj`, `mlp.down_proj`).
    """
    linear = list(_linear_layers(model))
    if not linear:
        raise TrainingError(f"{type(model).__name__} has no linear layers in its decoder", hint="leave lora_rank at 0")
    if not named:
        return linear
    for name in named:
        if not any(_is_named(layer, name) for layer in linear):
            raise OptionsError(f"lora_targets: {_unknown(name, linear, model)}", hint=f"give {_offer(linear)}")
    return [layer for layer in linear if any(_is_named(layer, name) for name in named)]


def merged(model: "PreTrainedModel | PeftModel") -> dict[str, "Tensor"]:
    """The weights of the plain model, adapters added to what they lie on; the model itself stays as it is.

    Weights of 4 bits come in the type that the rest of the base is held in: what is saved is what was trained.
    """
    import torch

    base = base_of(model)
    if base is model:
        return dict(model.state_dict())
    with torch.no_grad():
        return dict(_merged(base))


def save_weights(model: "PreTrainedModel | PeftModel", folder: Path, whole: "dict[str, Tensor] | None" = None) -> None:
    """Config and weights as save_pretrained() writes them, adapters merged, and kept alone in `adapter/` beside.

    `whole` is for a model in parts: what `merged` and `own_weights` gave, put together.
    """
    base = base_of(model)
    if base is model:
        base.save_pretrained(folder, state_dict=whole)
        return
    plain = {name: value for name, value in (whole or merged(model)).items() if not is_own(name)}
    own = {name: value for name, value in whole.items() if is_own(name)} if whole else None
    _plain_shell(base).save_pretrained(folder, state_dict=plain)
    model.save_pretrained(folder / FOLDER, save_embedding_layers=False, state_dict=own)


def own_weights(model: "PreTrainedModel | PeftModel") -> dict[str, "Tensor"]:
    """Those of the adapters alone; none where there are no adapters."""
    return {name: value for name, value in model.state_dict().items() if is_own(name)}


def base_of(model: "PreTrainedModel | PeftModel") -> "PreTrainedModel":
    """The transformers model under the adapters, or the model itself."""
    plain = getattr(model, "get_base_model", None)
    return plain() if plain else model


def _linear_layers(model: "PreTrainedModel") -> Iterator[str]:
    from torch.nn import Linear

    inside = {id(module) for module in model.get_decoder().modules()}
    for name, module in model.named_modules():
        if isinstance(module, Linear) and id(module) in inside:
            yield name


def _is_named(layer: str, name: str) -> bool:
    return layer == name or layer.endswith(f".{name}")


def _unknown(name: str, linear: list[str], model: "PreTrainedModel") -> str:
    module = next((module for full, module in model.named_modules() if _is_named(full, name)), None)
    if module is not None and module in (model.get_output_embeddings(), model.get_input_embeddings()):
        return f"{name} turns tokens into numbers or back, and gets no adapter"
    if module is not None:
        return f"{name} is no linear layer"
    near = difflib.get_close_matches(name, sorted(_leaves(linear)), n=1)
    return f"there is no layer {name}" + (f"; did you mean {near[0]}?" if near else "")


def _offer(linear: list[str]) -> str:
    return ", ".join(_leaves(linear))


def _leaves(linear: list[str]) -> list[str]:
    return list(dict.fromkeys(layer.rpartition(".")[2] for layer in linear))


def _merged(base: "PreTrainedModel") -> Iterator[tuple[str, "Tensor"]]:
    from peft.tuners.lora import LoraLayer

    adapted = {name: module for name, module in base.named_modules() if isinstance(module, LoraLayer)}
    plain = base.get_input_embeddings().weight.dtype
    for name, weight in base.named_parameters():
        layer, _, inner = name.rpartition(".base_layer.")
        if layer not in adapted:
            if not any(name.startswith(f"{owner}.") for owner in _owners(name, adapted)):
                yield name, weight.detach()
        elif inner == "weight":
            yield f"{layer}.weight", _with_delta(adapted[layer], plain)
        else:
            yield f"{layer}.{inner}", weight.detach()


def _owners(name: str, adapted: dict[str, "LoraLayer"]) -> list[str]:
    """The adapted layers that a parameter lies in: its own matrices, which the plain model does not have."""
    parts = name.split(".")
    prefixes = (".".join(parts[:end]) for end in range(1, len(parts)))
    return [prefix for prefix in prefixes if prefix in adapted]


def _with_delta(layer: "LoraLayer", plain: Any) -> "Tensor":
    delta = layer.get_delta_weight(_NAME)
    weight = _full(layer.get_base_layer())
    dtype = weight.dtype if weight.dtype.itemsize > 1 else plain
    both: Tensor = (weight.float() + delta.float().to(weight.device)).to(dtype)
    return both


def _full(layer: "Module") -> "Tensor":
    """A layer's weight as a matrix of numbers, also where it is held in 4 bits."""
    weight: Any = layer.weight
    if (state := getattr(weight, "quant_state", None)) is None:
        return weight.detach()  # type: ignore[no-any-return]
    from bitsandbytes.functional import dequantize_4bit

    return dequantize_4bit(weight.data, state)  # type: ignore[no-any-return]


def _plain_shell(base: "PreTrainedModel") -> "PreTrainedModel":
    """The same model without weights, adapters or quantisation, which knows how its like is written."""
    import torch

    config = copy.deepcopy(base.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config._attn_implementation = "sdpa"
    with torch.device("meta"):
        shell = type(base)(config).to(base.get_input_embeddings().weight.dtype)
    shell.generation_config = copy.deepcopy(base.generation_config)
    return shell
