"""How likely tokens are, read from logits: natural logarithms of their shares, in double precision."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.engines.engine import Logprob

Row = NDArray[np.float32]
Rows = NDArray[np.float32]
Likelihoods = NDArray[np.float64]
Spell = Callable[[int], bytes]


def likelihoods(logits: Rows, tokens: Sequence[int]) -> Likelihoods:
    """Of each row's token."""
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    found: Likelihoods = shifted[np.arange(len(tokens)), list(tokens)] - np.log(np.exp(shifted).sum(1))
    return found


def logprob(logits: Row, token: int, piece: bytes, count: int, spell: Spell) -> Logprob:
    """Of a token, which adds `piece` to the text, beside the `count` likeliest in its place, as `spell` writes them."""
    shifted = logits.astype(np.float64) - logits.max()
    shifted -= np.log(np.exp(shifted).sum())
    top = tuple((spell(other), float(shifted[other])) for other in _likeliest(shifted, count))
    return Logprob(piece, float(shifted[token]), top)


def _likeliest(row: Likelihoods, count: int) -> list[int]:
    """The largest first, equals in the order of their ids."""
    if not count:
        return []
    least = np.partition(row, -count)[-count] if count < len(row) else -np.inf
    best = np.flatnonzero(row >= least)
    return [int(token) for token in best[np.argsort(-row[best], kind="stable")][:count]]
