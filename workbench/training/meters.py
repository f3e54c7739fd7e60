"""How fast a phase trains and what memory it takes, as fields of its events."""

import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from workbench.device import Peak
from workbench.training.encoding import Sample

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Cost:
    """Matrix weights of a model and the width of its attention, from which the work of a step follows.

    `inner` are those of the layers, `head` those behind them, `learned_` those of them that have gradients; `span` is
    the sum over the layers of heads times their width, `window` the longest look back, 0 for all.
    """

    inner: int
    head: int
    learned_inner: int
    learned_head: int
    span: int
    window: int = 0

    @classmethod
    def of(cls, model: "PreTrainedModel") -> Self:
        """Counted on a loaded model; an input embedding is looked up, not multiplied, and does not count."""
        head = model.get_output_embeddings().weight
        ends = {id(head), id(model.get_input_embeddings().weight)}
        matrices = [weight for weight in model.parameters() if weight.ndim == 2 and id(weight) not in ends]
        config = model.config
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return cls(
            inner=sum(map(_numel, matrices)),
            head=head.numel(),
            learned_inner=sum(weight.numel() for weight in matrices if weight.requires_grad),
            learned_head=head.numel() if head.requires_grad else 0,
            span=config.num_hidden_layers * config.num_attention_heads * width,
            window=int(getattr(config, "sliding_window", None) or 0) if _slides(config) else 0,
        )

    def flops(self, samples: Sequence[Sample]) -> float:
        """Floating-point operations that a step over the samples cannot do without.

        Two for each weight and token forward, two more backward, two more where the weight learns; the head only on
        targets, attention only on what precedes a token; nothing for what is computed again.
        Source: Kaplan et al., "Scaling laws for neural language models", 2020, with attention counted as it is.
        """
        tokens = sum(len(sample) for sample in samples)
        targets = sum(sum(weight != 0 for weight in sample.weights[1:]) for sample in samples)
        looks = sum(self._looks(len(sample)) for sample in samples)
        inner = (4.0 * self.inner + 2.0 * self.learned_inner) * tokens
        head = (4.0 * self.head + 2.0 * self.learned_head) * targets
        return inner + head + 12.0 * self.span * looks

    def _looks(self, length: int) -> float:
        """Pairs of a token and one that it looks at, half of the square."""
        if not self.window or length <= self.window:
            return length * length / 2
        return self.window * self.window / 2 + (length - self.window) * self.window


class Meter:
    """Adds to each step's event the share of the peak that was reached (`mfu`) and the memory, in bytes."""

    def __init__(self, cost: Cost, peak: Peak, device: str, processes: int = 1) -> None:
        self.cost = cost
        self.peak = peak
        self.device = device
        self.processes = processes

    def read(self, samples: Sequence[Sample], seconds: float) -> dict[str, Any]:
        """For a step over these samples, of all processes, that took so many seconds."""
        flops = self.cost.flops(samples) / seconds
        now, most = memory(self.device)
        return {"mfu": flops / (self.peak.flops * self.processes), "memory": now, "memory_peak": most}


def memory(device: str) -> tuple[int, int]:
    """Bytes now and at most so far: of the device's allocator on CUDA, else of this process."""
    if device == "cuda":
        import torch

        return torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated()
    import psutil

    unit = 1 if sys.platform == "darwin" else 1024
    now = int(psutil.Process().memory_info().rss)
    return now, max(now, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def _numel(weight: Any) -> int:
    """Of a quantised weight its own number of elements, not that of its packed bytes."""
    state = getattr(weight, "quant_state", None)
    return int(state.shape.numel()) if state is not None else int(weight.numel())


def _slides(config: Any) -> bool:
    return bool(getattr(config, "use_sliding_window", True))
