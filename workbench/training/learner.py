"""A model that says what it loses on a packed row: all that is compiled, sharded and put under autocast."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from workbench.errors import TrainingError
from workbench.training import attention
from workbench.training.encoding import Sample
from workbench.training.loss import summed_loss
from workbench.training.packing import Batch, collate
from workbench.training.sharding import is_sharded

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

# Tokens of a row that a model is checked on, and the size of the logits that its head is made to say.
_CHECKED = 8
_LOUD = 1000.0
# How far two numbers may be apart that are the same but for rounding: in half precision, relative to the exact one; and
# hidden states after all layers, in float32 or in so many units of what the type distinguishes.
_HALF = 0.01
_EXACT = 1e-3
_ROUNDED = 8


class Learner(nn.Module):
    """Holds a model (or one under adapters); called with a batch, it returns the summed weighted loss in nats.

    `how` is `ragged` for attention over segments, or `padded` for the model's own, a segment a row.
    TrainingError where a model cannot be given another attention.
    """

    def __init__(self, model: "PreTrainedModel | PeftModel", how: str = "ragged") -> None:
        super().__init__()
        self.model = model
        self.ragged = how == "ragged"
        if self.ragged:
            _give_attention(self.base)

    @property
    def base(self) -> "PreTrainedModel":
        """The transformers model itself, adapters in its layers or not."""
        plain = getattr(self.model, "get_base_model", None)
        return plain() if plain else self.model

    @property
    def device(self) -> torch.device:
        """Where the batches must be."""
        where: torch.device = next(self.model.parameters()).device
        return where

    def forward(self, batch: Batch) -> Tensor:
        """A float32 scalar; a batch without targets has loss 0, and every weight takes part in its gradient."""
        hidden = self.hidden(batch).index_select(0, batch.places)
        following = batch.places + 1
        head, scaling = self.base.get_output_embeddings(), _logits_scaling(self.base)
        wanted = (batch.tokens[0, following], batch.weights[0, following])
        loss: Tensor = summed_loss(head, hidden, wanted, scaling)
        return loss

    def hidden(self, batch: Batch) -> Tensor:
        """The last hidden states `[tokens, width]`."""
        if not self.ragged:
            return self._padded(batch)
        states: Tensor = self.base.get_decoder()(
            input_ids=batch.tokens,
            # One with four dimensions is taken for finished: transformers then makes none.
            attention_mask=batch.weights.new_zeros(1, 1, 1, 1),
            position_ids=batch.positions,
            use_cache=False,
            segments=batch.segments,
        ).last_hidden_state
        return states[0]

    def both_ways(self, rows: Tensor, batch: Batch) -> tuple[Tensor, Tensor, bool]:
        """What the head is given `[tokens, width]` in the model's own pass over rows and here over their pack.

        And whether the model hands on what its head says; asked with loud logits, which a softcap would bend.
        """
        given: list[Tensor] = []
        loud = torch.linspace(-_LOUD, _LOUD, self.base.config.vocab_size, device=rows.device)

        def note(head: nn.Module, inputs: tuple[Tensor, ...], said: Tensor) -> Tensor:
            given.append(inputs[0].flatten(0, 1))
            return loud.to(said.dtype).expand_as(said)

        hook = self.base.get_output_embeddings().register_forward_hook(note)
        try:
            logits = self.base(input_ids=rows).logits.float()
        finally:
            hook.remove()
        here = self.hidden(batch)
        wanted = (loud / _logits_scaling(self.base)).expand_as(logits)
        kept = len(given) == 1 and torch.allclose(logits, wanted, rtol=_HALF, atol=_HALF)
        return given[0] if given else here, here, kept

    def _padded(self, batch: Batch) -> Tensor:
        sizes = list(batch.segments.lengths)
        tokens = nn.utils.rnn.pad_sequence(list(torch.split(batch.tokens[0], sizes)), batch_first=True)
        places = torch.arange(tokens.shape[1], device=tokens.device).expand_as(tokens)
        real = places < torch.tensor(sizes, device=tokens.device)[:, None]
        states: Tensor = self.base.get_decoder()(
            input_ids=tokens, attention_mask=real.long(), position_ids=places, use_cache=False
        ).last_hidden_state
        return states[real]


def _give_attention(model: "PreTrainedModel") -> None:
    attention.register()
    try:
        model.set_attn_implementation(attention.NAME)
    except (ValueError, KeyError, NotImplementedError) as error:
        raise _no_ragged(model) from error
    if model.config._attn_implementation != attention.NAME:
        raise _no_ragged(model)


def _no_ragged(model: nn.Module) -> TrainingError:
    return TrainingError(
        f"{type(model).__name__} brings an attention of its own, which does not know packed rows",
        hint="give --attention padded",
    )


def _logits_scaling(model: "PreTrainedModel") -> float:
    """What Granite divides its logits by."""
    return float(getattr(model.config, "logits_scaling", None) or 1.0)


def check_forward(learner: Learner) -> None:
    """TrainingError where a model makes its logits otherwise than here: it would not say what it learned.

    Called by all processes at once where weights are cut.
    """
    drawn = torch.arange(1, 2 * _CHECKED + 1) * 7 % learner.base.config.vocab_size
    rows = drawn.view(2, _CHECKED)
    batch = collate([Sample(tuple(row), (1.0,) * _CHECKED) for row in rows.tolist()])
    training = learner.training
    learner.eval()
    cut: Any = learner if any(map(is_sharded, learner.parameters())) else None
    if cut:
        from torch.distributed.fsdp import register_fsdp_forward_method

        register_fsdp_forward_method(learner, "both_ways")
    with torch.no_grad():
        own, here, kept = learner.both_ways(rows.to(learner.device), batch.to(learner.device))
    if cut:
        # The ends wait for a backward pass; an optimizer made meanwhile would hold weights that are thrown away.
        cut.reshard()
    learner.train(training)
    name = type(learner.base).__name__
    if not own.isfinite().all():
        raise TrainingError(
            f"{learner.base.name_or_path}: what it answers are no numbers: some of its weights are broken",
            hint="fetch the model again",
        )
    if not kept:
        raise TrainingError(
            f"{name} does more to its logits than its head does",
            hint="take a model of the Llama, Granite, Mistral, Qwen2 or Qwen3 family",
        )
    eps = torch.finfo(attention.compute_dtype(here)).eps
    if (own - here).float().norm() > max(_EXACT, _ROUNDED * eps) * own.float().norm():
        raise TrainingError(f"{name} does not keep the rows of a pack apart", hint="give --attention padded")
