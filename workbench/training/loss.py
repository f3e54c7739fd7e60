"""The forward pass over packed rows, and cross-entropy on the positions that count."""

from typing import TYPE_CHECKING

from workbench.errors import TrainingError
from workbench.training.packing import Batch

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_CHUNK = 4096


def attention_mask(segments: "Tensor") -> "Tensor":
    """`[rows, 1, length, length]`, True where a position may look: itself and what precedes it in its segment."""
    import torch

    length = segments.shape[1]
    same = segments[:, :, None] == segments[:, None, :]
    return (same & torch.ones(length, length, dtype=torch.bool, device=segments.device).tril())[:, None]


def hidden_states(model: "PreTrainedModel", batch: Batch) -> "Tensor":
    """The last hidden states `[rows, length, width]` of the packed rows."""
    decoder = model.get_decoder()
    return decoder(  # type: ignore[no-any-return]
        input_ids=batch.tokens,
        attention_mask=attention_mask(batch.segments),
        position_ids=batch.positions,
        use_cache=False,
    ).last_hidden_state


def summed_loss(model: "PreTrainedModel", batch: Batch) -> "Tensor":
    """The weighted sum of cross-entropies in nats; logits exist only for positions that count, a chunk at a time."""
    import torch
    from torch.nn import functional

    weights = batch.weights[:, 1:].reshape(-1)
    chosen = weights.nonzero().squeeze(1)
    hidden = hidden_states(model, batch)[:, :-1].reshape(-1, model.config.hidden_size)[chosen]
    targets = batch.tokens[:, 1:].reshape(-1)[chosen]
    head = model.get_output_embeddings()
    total = hidden.new_zeros((), dtype=torch.float32)
    for start in range(0, len(chosen), _CHUNK):
        part = slice(start, start + _CHUNK)
        losses = functional.cross_entropy(head(hidden[part]).float(), targets[part], reduction="none")
        total = total + (losses * weights[chosen][part]).sum()
    return total


def check_forward(model: "PreTrainedModel") -> None:
    """TrainingError where a model makes its logits otherwise than here: it would not say what it learned."""
    import torch

    tokens = torch.arange(1, 9, device=model.device)[None] % model.config.vocab_size
    ones = torch.ones_like(tokens)
    batch = Batch(tokens, torch.arange(8, device=model.device)[None], ones, ones.float())
    training = model.training
    model.eval()
    with torch.no_grad():
        own = model(input_ids=tokens).logits.float()
        here = model.get_output_embeddings()(hidden_states(model, batch)).float()
    model.train(training)
    if not torch.allclose(own, here, rtol=1e-3, atol=1e-3):
        raise TrainingError(
            f"{type(model).__name__} does more to its logits than its head does, which is not trained here yet",
            hint="take a model of the Llama, Mistral or Qwen2 family",
        )
