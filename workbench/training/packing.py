"""Micro-batches: samples end to end in one row without padding, shared out among the ranks."""

import random
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heapreplace
from typing import TYPE_CHECKING

from workbench.training.encoding import Sample

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from workbench.training.attention import Segments

_ROUNDING = 64


def pack(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Rows of sample indices, each at most `capacity` long: best fit, longest first, ties in the given order.

    A sample that is longer than that has a row of its own.
    """
    rows: list[list[int]] = []
    gaps: list[tuple[int, int]] = []  # (room left, row), sorted
    for index in _longest_first(lengths):
        place = bisect_left(gaps, (lengths[index], -1))
        if place < len(gaps):
            room, row = gaps.pop(place)
        else:
            room, row = capacity, len(rows)
            rows.append([])
        rows[row].append(index)
        insort(gaps, (room - lengths[index], row))
    return rows


class WholeSet:
    """A curriculum whose rows are packed over the whole set: as `Epochs`, but an effective batch is full rows.

    It has about `batch_size` samples, as many rows of `capacity` tokens as those fill; samples that share a row do so
    in every epoch, and the order of the rows follows from seed and epoch alone.
    """

    def __init__(self, samples: Sequence[Sample], batch_size: int, epochs: int, seed: int, capacity: int) -> None:
        self.samples = samples
        self.seed = seed
        self.rows = pack([len(sample) for sample in samples], capacity)
        self.rows_each = max(1, round(batch_size * len(self.rows) / max(1, len(samples))))
        self.steps_each = -(-len(self.rows) // self.rows_each)
        self.steps = self.steps_each * epochs

    def batch(self, step: int) -> Sequence[Sample]:
        """The samples of an effective batch, row by row; the last of an epoch may be smaller."""
        epoch, place = divmod(step, self.steps_each)
        rows = self._order(epoch)[place * self.rows_each : (place + 1) * self.rows_each]
        return [self.samples[index] for row in rows for index in row]

    def seen(self, step: int) -> int:
        """How many samples the first so many steps take, those of later epochs again."""
        epoch, place = divmod(step, self.steps_each)
        return epoch * len(self.samples) + sum(map(len, self._order(epoch)[: place * self.rows_each]))

    def _order(self, epoch: int) -> list[list[int]]:
        rows = list(self.rows)
        random.Random(f"{self.seed}:epoch {epoch}").shuffle(rows)
        return rows


def micro_batches(lengths: Sequence[int], capacity: int, ranks: int = 1) -> list[list[list[int]]]:
    """For each rank as many micro-batches as for any other, lists of sample indices of at most `capacity` tokens.

    There are as few moments as will do, and what is done in one is about equally long; where there are too few
    samples, some of the last are empty. A sample that is longer than `capacity` is alone in one.
    """
    rows = sorted(_even_rows(lengths, capacity, ranks), key=lambda row: (-sum(lengths[index] for index in row), row))
    rows += [[] for _ in range(-len(rows) % ranks)]
    shares: list[list[list[int]]] = [[] for _ in range(ranks)]
    for start in range(0, len(rows), ranks):
        # Every other deal goes backwards, so that no rank has the longer ones each time.
        order = range(ranks) if start // ranks % 2 == 0 else reversed(range(ranks))
        for rank, row in zip(order, rows[start : start + ranks], strict=True):
            shares[rank].append(row)
    return shares


def _even_rows(lengths: Sequence[int], capacity: int, ranks: int) -> list[list[int]]:
    """Rows of about the same length, in so many moments of `ranks` rows as best fit takes, or fewer."""
    if (in_order := _cut(lengths, capacity)) and len(in_order) % ranks == 0:
        return in_order
    tight = pack(lengths, capacity)
    alone = [row for row in tight if len(row) == 1 and lengths[row[0]] > capacity]
    short = [index for index in _longest_first(lengths) if lengths[index] <= capacity]
    least = len(alone) + -(-sum(lengths[index] for index in short) // capacity)
    for moments in range(-(-least // ranks), -(-len(tight) // ranks) + 1):
        if rows := _level(short, lengths, moments * ranks - len(alone), capacity):
            return alone + [row for row in rows if row]
    return tight


def _cut(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """The samples in their given order, cut where a row is full; nothing where that leaves a row half empty.

    A set that was packed as a whole comes in the order of its rows, which no other order would fill as well.
    """
    rows: list[list[int]] = []
    room = 0
    for index, length in enumerate(lengths):
        if length > room:
            rows.append([])
            room = capacity
        rows[-1].append(index)
        room -= length
    full = sum(lengths) > (len(rows) - 0.1) * capacity
    return rows if full and max(lengths, default=0) <= capacity else []


def _level(order: Sequence[int], lengths: Sequence[int], count: int, capacity: int) -> list[list[int]]:
    """`count` rows filled by giving each sample, longest first, to the shortest; nothing where one overflows."""
    rows: list[list[int]] = [[] for _ in range(count)]
    heap = [(0, row) for row in range(count)]
    heapify(heap)
    for index in order:
        filled, row = heap[0]
        if filled + lengths[index] > capacity:
            return []
        rows[row].append(index)
        heapreplace(heap, (filled + lengths[index], row))
    return rows


def _longest_first(lengths: Sequence[int]) -> list[int]:
    return sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))


def fixed_length(lengths: Sequence[int], shares: Sequence[Sequence[Sequence[int]]], capacity: int) -> int:
    """What every row of an effective batch is padded to where shapes must stay the same, in tokens.

    The longest row's length, rounded up to a 64th of `capacity`: few shapes in all, and some 2 % of the positions are
    wasted where `capacity` is twice the longest sample or more.
    """
    longest = max((sum(lengths[index] for index in row) for share in shares for row in share), default=0)
    step = max(1, capacity // _ROUNDING)
    return -(-longest // step) * step


@dataclass(frozen=True, slots=True)
class Batch:
    """One row of segments, each with positions from 0, that shall not see each other.

    `tokens`, `positions` and `weights` are `[1, tokens]`; `weights[0, t]` belongs to the prediction of token `t`.
    `places` are the positions whose next token counts: known here, so that no device is ever waited for to count them.
    """

    tokens: "Tensor"
    positions: "Tensor"
    weights: "Tensor"
    places: "Tensor"
    segments: "Segments"

    def to(self, device: "torch.device") -> "Batch":
        """The same on another device; on CUDA without waiting for the copies."""

        def moved(tensor: "Tensor") -> "Tensor":
            # Elsewhere a copy that is not waited for may read memory that is no longer there.
            return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)

        return Batch(
            tokens=moved(self.tokens),
            positions=moved(self.positions),
            weights=moved(self.weights),
            places=moved(self.places),
            segments=replace(self.segments, bounds=moved(self.segments.bounds)),
        )


def collate(samples: Sequence[Sample], pad: int = 0, length: int = 0) -> Batch:
    """The samples one behind another; up to `length`, a segment of `pad` tokens follows that weighs nothing.

    Without samples it is one token of padding: a rank with nothing to do computes as the others do.
    """
    import torch

    from workbench.training.attention import Segments

    tokens = [token for sample in samples for token in sample.tokens]
    # The first token of a sample has nothing before it that could predict it.
    weights = [weight for sample in samples for weight in (0.0, *sample.weights[1:])]
    positions = [position for sample in samples for position in range(len(sample))]
    lengths = [len(sample) for sample in samples]
    missing = max(length, 1) - len(tokens)
    if missing > 0:
        tokens += [pad] * missing
        weights += [0.0] * missing
        positions += [0] * missing
        lengths.append(missing)
    return Batch(
        tokens=torch.tensor([tokens]),
        positions=torch.tensor([positions]),
        weights=torch.tensor([weights], dtype=torch.float32),
        places=torch.tensor([place - 1 for place, weight in enumerate(weights) if weight], dtype=torch.long),
        segments=Segments.of(lengths),
    )
