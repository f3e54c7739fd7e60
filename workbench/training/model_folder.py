"""A trained model as a Hugging Face folder: safetensors, config, tokenizer; adapters merged, and kept beside."""

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.training.adapters import merged, own_weights, save_weights
from workbench.training.sharding import gathered, is_sharded
from workbench.training.world import World

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from workbench.training.learner import Learner


def whole_weights(learner: "Learner", world: World) -> "dict[str, Tensor] | None":
    """Of a sharded model all weights, put together in the main process by all of them; None where it is whole."""
    if not any(map(is_sharded, learner.parameters())):
        return None
    model, base = learner.model, learner.base
    # A tied weight would be put together, and written, under each of its names.
    once = {name for name, _ in (*base.named_parameters(), *base.named_buffers())}
    tied = base.state_dict().keys() - once
    weights = {name: value for name, value in merged(model).items() if name not in tied}
    return gathered({**weights, **own_weights(model)}, world.main)


def write_model(
    folder: Path,
    learner: "Learner",
    tokenizer: "PreTrainedTokenizerBase",
    weights: "dict[str, Tensor] | None" = None,
) -> None:
    """Into an empty folder; `weights` are those of a sharded model."""
    save_weights(learner.model, folder, weights)
    tokenizer.save_pretrained(folder)
