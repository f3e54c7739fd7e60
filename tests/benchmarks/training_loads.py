"""What the training benchmark trains: a small Llama, chat-like samples, effective batches; and the machine's rate."""

import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.training.encoding import Sample

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import LlamaForCausalLM

VOCABULARY = 4096
MEAN, DEVIATION, LONGEST = 250, 200, 1024
Batches = list[list[Sample]]


@dataclass(frozen=True)
class Measured:
    """What an arm's steps lost, one after another, and the seconds that they took together, also of processors."""

    losses: tuple[float, ...]
    seconds: float
    processor: float


class Stopwatch:
    """Runs from when it is made; of processors it counts all that this process uses."""

    def __init__(self) -> None:
        self.started = (time.perf_counter(), time.process_time())

    def stop(self, losses: Sequence[float] = ()) -> Measured:
        """What has passed."""
        return Measured(tuple(losses), time.perf_counter() - self.started[0], time.process_time() - self.started[1])


def make_model() -> "LlamaForCausalLM":
    """8.7 million weights, the same each time; four layers, with heads of 64 as larger models have them."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=384,
        intermediate_size=1024,
        num_hidden_layers=4,
        num_attention_heads=6,
        num_key_value_heads=6,
        max_position_embeddings=LONGEST,
        tie_word_embeddings=True,
        pad_token_id=0,
    )
    torch.manual_seed(1)
    return LlamaForCausalLM(config)


def make_batches(steps: int, batch_size: int, count: int = 200, seed: int = 1) -> Batches:
    """Effective batches from `count` samples, each sample used before any is used again.

    Lengths are log-normal; the last 40 to 80 % of a sample are learned, as an answer is.
    """
    rng = random.Random(seed)
    samples = [_sample(_length(rng), rng) for _ in range(count)]
    order: list[Sample] = []
    while len(order) < steps * batch_size:
        order += rng.sample(samples, count)
    return [order[start : start + batch_size] for start in range(0, steps * batch_size, batch_size)]


def _length(rng: random.Random) -> int:
    spread = math.log(1 + (DEVIATION / MEAN) ** 2)
    drawn = rng.lognormvariate(math.log(MEAN) - spread / 2, math.sqrt(spread))
    return max(8, min(LONGEST, round(drawn)))


def _sample(length: int, rng: random.Random) -> Sample:
    given = round(length * rng.uniform(0.2, 0.6))
    # Words as often as in a text, so that there is something to learn in twenty steps.
    tokens = tuple(min(VOCABULARY - 1, int(math.exp(rng.uniform(0, math.log(VOCABULARY))))) for _ in range(length))
    return Sample(tokens, (0.0,) * given + (1.0,) * (length - given))


def matrix_rate(model: "LlamaForCausalLM", rows: int, repeats: int = 15) -> tuple[float, float]:
    """Operations a second that torch reaches in the products of a training step: each shape at its fastest, and for a
    second of a processor, all repeats together."""
    flops = seconds = processor = 0.0
    for count, rows_of, (outer, inner) in _products(model, rows):
        for best, mean in _product_times(rows_of, outer, inner, repeats):
            flops += count * 2.0 * rows_of * outer * inner
            seconds += count * best
            processor += count * mean
    return flops / seconds, flops / processor


def _products(model: "LlamaForCausalLM", rows: int) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """How often a step has a linear layer of a shape, with how many rows; half the rows are targets."""
    shapes: dict[tuple[int, int], int] = {}
    for name, weight in model.named_parameters():
        if weight.ndim == 2 and ".layers." in name:
            shape = (weight.shape[0], weight.shape[1])
            shapes[shape] = shapes.get(shape, 0) + 1
    yield from ((count, rows, shape) for shape, count in shapes.items())
    head = model.get_output_embeddings().weight
    yield 1, rows // 2, (head.shape[0], head.shape[1])


def _product_times(rows: int, outer: int, inner: int, repeats: int) -> list[tuple[float, float]]:
    """Of the forward product and of the two backward ones the best time, and the mean time of processors."""
    import torch

    states, weight, grad = torch.randn(rows, inner), torch.randn(outer, inner), torch.randn(rows, outer)
    pairs = ((states, weight.T), (grad, weight), (grad.T, states))
    found = []
    for left, right in pairs:
        watch = Stopwatch()
        best = min(_timed(left, right) for _ in range(repeats))
        found.append((best, watch.stop().processor / repeats))
    return found


def _timed(left: "Tensor", right: "Tensor") -> float:
    started = time.perf_counter()
    left @ right
    return time.perf_counter() - started


def tokens(batches: Sequence[Sequence[Sample]]) -> int:
    """Useful ones: those of the samples, without any padding."""
    return sum(len(sample) for batch in batches for sample in batch)
