"""Drawing a token from logits so that only its own noise decides, not its neighbours.

Each token's logit gets Gumbel noise from a hash of seed, position and token; the largest sum is the draw, which makes
it one from the softmax (Gumbel, 1954; Maddison et al., 2014, "A* sampling"). Cutting a unit interval into shares would
let a rounding error anywhere move every boundary behind it; here it matters only where the two best are that close.
"""

import numpy as np
from numpy.typing import NDArray

from workbench.engines.engine import Sampling

# SplitMix64 (Steele, Lea and Flood, 2014): its increment and the constants of its mixing.
_STEP = 0x9E3779B97F4A7C15
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_MASK = (1 << 64) - 1
# Noise makes up for so much with a chance of less than 1 in 10^13, so what lies further behind is left out.
_HOPELESS = 30.0

Tokens = NDArray[np.int64]


def draw(logits: NDArray[np.float32], sampling: Sampling, seed: int, position: int) -> int:
    """An index of `logits`, of which infinite ones are never drawn; at temperature 0 the largest, the first of equals.

    `seed` is the sample's, `position` counts its draws. top_k, top_p and min_p cut in this order, before temperature.
    """
    if sampling.temperature <= 0:
        return int(logits.argmax())
    tokens = _candidates(logits, sampling)
    scaled = logits[tokens].astype(np.float64) / sampling.temperature
    near = scaled > scaled.max() - _HOPELESS
    tokens, scaled = tokens[near], scaled[near]
    return int(tokens[(scaled + _noise(tokens, seed, position)).argmax()])


def _candidates(logits: NDArray[np.float32], sampling: Sampling) -> Tokens:
    """Indices that are left to draw from, in their order."""
    tokens = np.flatnonzero(np.isfinite(logits))
    if 0 < sampling.top_k < len(tokens):
        tokens = np.sort(tokens[np.argpartition(-logits[tokens], sampling.top_k - 1)[: sampling.top_k]])
    if sampling.top_p < 1:
        tokens = _nucleus(logits, tokens, sampling.top_p)
    if sampling.min_p > 0:
        kept = logits[tokens]
        tokens = tokens[kept >= kept.max() + np.log(sampling.min_p)]
    return tokens


def _nucleus(logits: NDArray[np.float32], tokens: Tokens, share: float) -> Tokens:
    """The likeliest tokens up to the one that reaches the share."""
    kept = logits[tokens].astype(np.float64)
    order = np.argsort(-kept, kind="stable")
    shares = np.exp(kept[order] - kept.max())
    count = int(np.searchsorted(np.cumsum(shares), share * shares.sum())) + 1
    return np.sort(tokens[order[:count]])


def _noise(tokens: Tokens, seed: int, position: int) -> NDArray[np.float64]:
    key = _mix(np.asarray([seed * _STEP + position & _MASK], np.uint64))
    bits = _mix(tokens.astype(np.uint64) * np.uint64(_STEP) + key)
    uniform = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    noise: NDArray[np.float64] = -np.log(-np.log(uniform))
    return noise


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    value = (value ^ (value >> np.uint64(30))) * _FIRST
    value = (value ^ (value >> np.uint64(27))) * _SECOND
    return value ^ (value >> np.uint64(31))
