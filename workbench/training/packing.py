"""Samples side by side in rows of equal length, and the tensors of such rows."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.training.encoding import Sample

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def pack(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Rows of sample indices, each at most `capacity` long: best fit, longest first, ties in the given order.

    A sample that is longer than that has a row of its own.
    """
    rows: list[list[int]] = []
    gaps: list[tuple[int, int]] = []  # (room left, row), sorted
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        place = bisect_left(gaps, (lengths[index], -1))
        if place < len(gaps):
            room, row = gaps.pop(place)
        else:
            room, row = capacity, len(rows)
            rows.append([])
        rows[row].append(index)
        insort(gaps, (room - lengths[index], row))
    return rows


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of tokens `[rows, length]` with positions that restart, segment numbers (0 is padding) and loss weights."""

    tokens: "Tensor"
    positions: "Tensor"
    segments: "Tensor"
    weights: "Tensor"

    def to(self, device: "torch.device") -> "Batch":
        """The same on another device; all four go at once."""
        return Batch(*(tensor.to(device) for tensor in (self.tokens, self.positions, self.segments, self.weights)))


def collate(samples: Sequence[Sample], rows: Sequence[Sequence[int]], pad: int) -> Batch:
    """The rows as tensors, padded to the longest; `weights[r, t]` belongs to the prediction of token `t`."""
    import torch

    length = max(sum(len(samples[index]) for index in row) for row in rows)
    tokens = torch.full((len(rows), length), pad, dtype=torch.long)
    positions = torch.zeros((len(rows), length), dtype=torch.long)
    segments = torch.zeros((len(rows), length), dtype=torch.long)
    weights = torch.zeros((len(rows), length))
    for number, row in enumerate(rows):
        start = 0
        for segment, index in enumerate(row, start=1):
            sample = samples[index]
            end = start + len(sample)
            tokens[number, start:end] = torch.tensor(sample.tokens)
            positions[number, start:end] = torch.arange(len(sample))
            segments[number, start:end] = segment
            # The first token of a sample has nothing before it that could predict it.
            weights[number, start + 1 : end] = torch.tensor(sample.weights[1:])
            start = end
    return Batch(tokens, positions, segments, weights)
