"""A model's shape as far as memory goes, counted on tensors that have sizes and no numbers."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.training.adapters import choose_targets, with_adapters
from workbench.training.options import TrainingOptions
from workbench.training.precision import Precision
from workbench.training.pretrained import read_config

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module, Parameter
    from transformers import PreTrainedModel

    from workbench.training.learner import Learner

# The passes over these many tokens tell what each costs from what every pass costs.
_PROBES = (256, 512)
_SEGMENT = 128
# Bytes of a number in 4 bits: half a byte, a scale of 8 bits for 64, and their own scale in 32 bits for 256 of them.
_NF4 = 0.5 + 1 / 64 + 4 / (64 * 256)
# Bytes in half precision that a token leaves in a layer, for each number of the width.
# Source: Korthikanti et al., "Reducing activation recomputation in large transformer models", 2022, without attention.
_USUAL = 34


@dataclass(frozen=True)
class Form:
    """Counts of a model under training; sizes are in bytes, `saved_size` that of a number in a model folder.

    `learned` numbers have gradients, of `learned_size` bytes each: `matrices` of them in the layers, at most `group` of
    one shape and `matrix` in one of them, `largest` in any tensor, `head` in the output. A micro-batch keeps
    `each_pass` and `each_token` until its gradients are made; where activations are computed again, `each_token_again`.
    """

    parameters: int
    saved_size: int
    weights: int
    layers: int
    width: int
    vocabulary: int
    learned: int
    learned_size: int
    matrices: int
    group: int
    matrix: int
    largest: int
    head: int
    each_pass: int
    each_token: int
    each_token_again: int


def form_of(folder: Path, options: TrainingOptions, precision: Precision, device: str) -> Form:
    """Reads config.json alone; TrainingError where the folder cannot be trained."""
    read_config(folder)
    adapters = (options.lora_rank, tuple(options.lora_targets), options.quantize_base)
    return _form(folder, (folder / "config.json").stat().st_mtime_ns, adapters, precision, device)


@lru_cache(maxsize=64)
def _form(
    folder: Path, _written: int, adapters: tuple[int, tuple[str, ...], str], precision: Precision, device: str
) -> Form:
    from workbench.training.learner import Learner

    rank, targets, quantized = adapters
    options = TrainingOptions(lora_rank=rank, lora_targets=list(targets))
    base = _made(folder, precision)
    parameters = sum(weight.numel() for weight in base.parameters())
    in_four_bits = _numbers(base, choose_targets(base, [])) if quantized == "nf4" else 0
    model = with_adapters(base, options)
    with _without_numbers(model, device):
        kept = _kept(Learner(model), precision)
    saved = int(in_four_bits * (_size(base) - _NF4))
    return Form(
        parameters=parameters,
        saved_size=_size(base),
        weights=sum(weight.numel() * weight.element_size() for weight in model.parameters()) - saved,
        **_shape(base),
        **_learned(base, {name: weight for name, weight in model.named_parameters() if weight.requires_grad}),
        **_activations(base, kept),
    )


@contextmanager
def _without_numbers(model: "Module", device: str) -> Iterator[None]:
    """Inside it the model's weights have sizes and a device, and its operations choose what they choose there."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(), torch.device(device):
        made: dict[int, Tensor] = {}  # weights that two modules share stay shared
        for module in model.modules():
            for store in (module._parameters, module._buffers):
                for name, tensor in store.items():
                    if tensor is not None:
                        made[id(tensor)] = made[id(tensor)] if id(tensor) in made else _empty(tensor)
                        store[name] = made[id(tensor)]  # type: ignore[assignment]
        yield


def _empty(like: "Tensor") -> "Tensor":
    import torch

    tensor = torch.empty(like.shape, dtype=like.dtype)
    return torch.nn.Parameter(tensor, like.requires_grad) if isinstance(like, torch.nn.Parameter) else tensor


def _made(folder: Path, precision: Precision) -> "PreTrainedModel":
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    dtype = getattr(torch, precision.weights)
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=False)


def _shape(base: "PreTrainedModel") -> dict[str, int]:
    vocabulary, width = base.get_input_embeddings().weight.shape
    return {"layers": base.config.num_hidden_layers, "width": width, "vocabulary": vocabulary}


def _numbers(base: "PreTrainedModel", layers: Sequence[str]) -> int:
    return sum(base.get_submodule(layer).weight.numel() for layer in layers)


def _learned(base: "PreTrainedModel", named: Mapping[str, "Parameter"]) -> dict[str, int]:
    weights, head = list(named.values()), base.get_output_embeddings().weight
    ends = {id(base.get_input_embeddings().weight), id(head)}
    # Those that Muon takes: it leaves adapters to AdamW.
    inner = [weight for name, weight in named.items() if weight.ndim == 2 and "lora_" not in name]
    inner = [weight for weight in inner if id(weight) not in ends]
    shapes: Counter[tuple[int, ...]] = Counter()
    for weight in inner:
        shapes[tuple(weight.shape)] += weight.numel()
    return {
        "learned": sum(weight.numel() for weight in weights),
        "learned_size": max((weight.element_size() for weight in weights), default=4),
        "matrices": sum(shapes.values()),
        "group": max(shapes.values(), default=0),
        "matrix": max((weight.numel() for weight in inner), default=0),
        "largest": max((weight.numel() for weight in weights), default=0),
        "head": head.numel() if head.requires_grad else 0,
    }


def _activations(base: "PreTrainedModel", kept: tuple[int, int] | None) -> dict[str, int]:
    layers, width, size = base.config.num_hidden_layers, base.config.hidden_size, _size(base)
    # Half precision is what the rule counts in.
    each_pass, each_token = kept or (0, layers * width * _USUAL * size // 2)
    # What every layer began with, and one layer's own together with the gradients of all that.
    again = layers * width * size + 2 * each_token // layers
    return {"each_pass": each_pass, "each_token": each_token, "each_token_again": min(again, each_token)}


def _size(base: "PreTrainedModel") -> int:
    return int(base.get_input_embeddings().weight.element_size())


def _kept(learner: "Learner", precision: Precision) -> tuple[int, int] | None:
    """Bytes that a pass keeps for its gradients, and what a token adds; None for a model that needs the numbers."""
    try:
        few, many = (_saved(learner, tokens, precision) for tokens in _PROBES)
    except (RuntimeError, TypeError, ValueError, NotImplementedError):
        return None
    each = math.ceil((many - few) / (_PROBES[1] - _PROBES[0]))
    return max(0, few - each * _PROBES[0]), each


def _saved(learner: "Learner", tokens: int, precision: Precision) -> int:
    import torch
    from torch.autograd.graph import saved_tensors_hooks

    own = {weight.untyped_storage()._cdata for weight in learner.parameters()}
    found: dict[int, int] = {}

    def note(tensor: "Tensor") -> "Tensor":
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            found[storage._cdata] = storage.nbytes()
        return tensor

    lower = precision.compute != precision.weights
    learner.train()
    with (
        saved_tensors_hooks(note, lambda tensor: tensor),
        torch.autocast(learner.device.type, dtype=getattr(torch, precision.compute), enabled=lower),
    ):
        # Bound to a name, so that nothing that was saved is let go of before it is counted.
        hidden = learner.hidden(_probe(tokens))
    del hidden
    return sum(found.values())


def _probe(tokens: int) -> Any:
    import torch

    from workbench.training.attention import Segments
    from workbench.training.packing import Batch

    lengths = (_SEGMENT,) * (tokens // _SEGMENT)
    zeros = torch.zeros((1, tokens), dtype=torch.long)
    return Batch(
        tokens=zeros,
        positions=zeros,
        weights=torch.zeros((1, tokens)),
        places=torch.zeros(tokens, dtype=torch.long),
        segments=Segments(lengths, torch.zeros(len(lengths) + 1, dtype=torch.int32), _SEGMENT),
    )
