"""Drawing tokens from logits so that only a token's own noise decides, not its neighbours.

Each token's logit gets Gumbel noise from a hash of seed, position and token; the largest sum is the draw, which makes
it one from the softmax (Gumbel, 1954; Maddison et al., 2014, "A* sampling"). Cutting a unit interval into shares would
let a rounding error anywhere move every boundary behind it; here it matters only where the two best are that close.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workbench.engines.engine import Sampling
from workbench.errors import ModelError

# SplitMix64 (Steele, Lea and Flood, 2014): its increment and the constants of its mixing.
_STEP, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MASK = (1 << 64) - 1
# The same for 32 bits, after MurmurHash3's last step (Appleby, 2011).
_SMALL_STEP = np.uint32(0x9E3779B1)
_SMALL_FIRST, _SMALL_SECOND = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
_FEW = 64

Numbers = NDArray[np.uint32]
Rows = NDArray[np.float32]
Tokens = NDArray[np.int64]


class Drawer(Protocol):
    """Who draws: `seed` is the sample's, `position` counts its draws."""

    @property
    def sampling(self) -> Sampling: ...

    @property
    def seed(self) -> int: ...

    @property
    def position(self) -> int: ...


def draw_each(logits: Rows, drawers: Sequence[Drawer]) -> list[int]:
    """For each row of logits an index, of which infinite ones are never drawn; at temperature 0 the largest, the first
    of equals. top_k, top_p and min_p cut in this order, before temperature. Rows do not influence each other.

    ModelError for logits that are no numbers."""
    drawn = _drawn(logits, [drawer.sampling for drawer in drawers], drawers)
    # What is no number counts as the largest.
    if np.isnan(logits[np.arange(len(drawn)), drawn]).any():
        raise ModelError(
            "the model says of no token how likely it is: its logits are no numbers",
            hint="its weights are likely broken; look at the loss of its training, and train with a smaller rate",
        )
    return drawn


def _drawn(logits: Rows, samplings: Sequence[Sampling], drawers: Sequence[Drawer]) -> list[int]:
    temperatures = [sampling.temperature for sampling in samplings]
    if not any(temperatures):
        return [int(token) for token in logits.argmax(1)]
    cut = _cut(logits, samplings)
    drawn = _race(cut, temperatures, _keys(drawers)).tolist()
    if not all(temperatures):
        likeliest = cut.argmax(1).tolist()
        drawn = [token if heat else first for token, heat, first in zip(drawn, temperatures, likeliest, strict=True)]
    return [int(token) for token in drawn]


def _race(logits: Rows, temperatures: Sequence[float], keys: Numbers) -> Tokens:
    """Where logit and noise are largest together."""
    heat = np.asarray(temperatures, np.float32)[:, None]
    scaled = logits / np.maximum(heat, np.float32(1e-6))
    scaled -= _waits(keys, logits.shape[1])
    winners: Tokens = scaled.argmax(1)
    return winners


def _waits(keys: Numbers, count: int) -> Rows:
    """Logarithms of exponential numbers, which are Gumbel noise with its sign turned: a row of `count` for each key."""
    value = _spread(count) ^ keys[0, :, None]
    value ^= value >> np.uint32(16)
    value *= _SMALL_FIRST
    value ^= value >> np.uint32(13)
    value += keys[1, :, None]
    value *= _SMALL_SECOND
    value ^= value >> np.uint32(16)
    # Odd multiples of 2**-24, which float32 holds exactly: neither 0 nor 1 is among them.
    value >>= np.uint32(8)
    value |= np.uint32(1)
    uniform = value.astype(np.float32)
    uniform *= np.float32(2.0**-24)
    np.log(uniform, out=uniform)
    np.negative(uniform, out=uniform)
    return np.log(uniform, out=uniform)


@lru_cache(maxsize=4)
def _spread(count: int) -> Numbers:
    """Tokens' numbers, far apart."""
    return np.arange(count, dtype=np.uint32) * _SMALL_STEP


def _keys(drawers: Sequence[Drawer]) -> Numbers:
    """64 bits from each seed and position, as two rows of 32."""
    keys = [_mix(drawer.seed * _STEP + drawer.position & _MASK) for drawer in drawers]
    return np.asarray([[key >> 32 for key in keys], [key & 0xFFFFFFFF for key in keys]], np.uint32)


def _cut(logits: Rows, samplings: Sequence[Sampling]) -> Rows:
    """Minus infinity for what may not be drawn."""
    narrow = [row for row, each in enumerate(samplings) if each.top_k > 0 or each.top_p < 1 or each.min_p > 0]
    if not narrow:
        return logits
    found = logits.copy()
    for row in narrow:
        left = _candidates(logits[row], samplings[row])
        found[row] = -np.inf
        found[row, left] = logits[row, left]
    return found


def _candidates(logits: Rows, sampling: Sampling) -> Tokens:
    """Indices that are left to draw from."""
    tokens = np.flatnonzero(np.isfinite(logits))
    if not len(tokens):
        return tokens
    if 0 < sampling.top_k < len(tokens):
        tokens = np.sort(tokens[np.argpartition(-logits[tokens], sampling.top_k - 1)[: sampling.top_k]])
    if sampling.top_p < 1:
        tokens = _nucleus(logits, tokens, sampling.top_p)
    if sampling.min_p > 0:
        kept = logits[tokens]
        tokens = tokens[kept >= kept.max() + np.log(sampling.min_p)]
    return tokens


def _nucleus(logits: Rows, tokens: Tokens, share: float) -> Tokens:
    """The likeliest tokens up to the one that reaches the share."""
    kept = logits[tokens].astype(np.float64)
    shares = np.exp(kept - kept.max())
    wanted = share * shares.sum()
    if len(tokens) > _FEW:
        likeliest = np.argpartition(-shares, _FEW)[:_FEW]
        if shares[likeliest].sum() >= wanted:
            # Sorting all of a large vocabulary takes longer than everything else here.
            likeliest.sort()
            tokens, shares = tokens[likeliest], shares[likeliest]
    order = np.argsort(-shares, kind="stable")
    count = int(np.searchsorted(np.cumsum(shares[order]), wanted)) + 1
    return tokens[order[:count]]


def _mix(value: int) -> int:
    value = (value ^ value >> 30) * _FIRST & _MASK
    value = (value ^ value >> 27) * _SECOND & _MASK
    return value ^ value >> 31
