from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.engines.draws import draw_each
from workbench.engines.engine import Sampling
from workbench.errors import ModelError


@dataclass(frozen=True)
class Drawer:
    sampling: Sampling
    seed: int
    position: int


LOGITS = np.asarray([1.0, -1.0, 2.0, 0.5, -np.inf, 0.0], np.float32)


def draw(logits: NDArray[np.float32], sampling: Sampling, seed: int, position: int) -> int:
    (token,) = draw_each(logits[None], [Drawer(sampling, seed, position)])
    return token


def shares(sampling: Sampling, count: int = 20_000) -> dict[int, float]:
    found = Counter(draw(LOGITS, sampling, seed, position) for seed in range(count // 10) for position in range(10))
    return {token: times / count for token, times in found.items()}


def softmax(temperature: float, tokens: list[int]) -> dict[int, float]:
    weights = np.exp(LOGITS[tokens].astype(np.float64) / temperature)
    return dict(zip(tokens, (weights / weights.sum()).tolist(), strict=True))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_are_from_the_softmax(temperature: float) -> None:
    found = shares(Sampling(temperature=temperature))
    for token, share in softmax(temperature, [0, 1, 2, 3, 5]).items():
        assert found.get(token, 0.0) == pytest.approx(share, abs=0.012)
    assert 4 not in found


@pytest.mark.parametrize(
    ("sampling", "left"),
    [
        (Sampling(temperature=1.0, top_k=2), [0, 2]),
        (Sampling(temperature=1.0, top_p=0.6), [0, 2]),
        (Sampling(temperature=1.0, top_p=0.5), [2]),
        (Sampling(temperature=1.0, min_p=0.2), [0, 2, 3]),
        (Sampling(temperature=1.0, top_k=3, top_p=0.7, min_p=0.9), [2]),
    ],
)
def test_what_is_cut_is_never_drawn_and_the_rest_keeps_its_shares(sampling: Sampling, left: list[int]) -> None:
    found = shares(sampling)
    assert set(found) == set(left)
    for token, share in softmax(1.0, left).items():
        assert found[token] == pytest.approx(share, abs=0.012)


def test_no_temperature_takes_the_first_of_the_largest() -> None:
    assert draw(np.asarray([0.0, 3.0, 3.0], np.float32), Sampling(), 9, 9) == 1


def test_draws_at_different_places_and_seeds_are_independent() -> None:
    coin = np.zeros(2, np.float32)
    sampling = Sampling(temperature=1.0)
    tossed = np.asarray([[draw(coin, sampling, seed, position) for position in range(100)] for seed in range(100)])
    assert abs(tossed.mean() - 0.5) < 0.02
    for other in (np.roll(tossed, 1, axis=0), np.roll(tossed, 1, axis=1)):
        assert abs((tossed == other).mean() - 0.5) < 0.02


def test_rounding_rarely_changes_a_draw() -> None:
    generator = np.random.default_rng(3)
    logits = generator.normal(scale=0.3, size=2048).astype(np.float32)
    nudged = logits + generator.normal(scale=1e-4, size=2048).astype(np.float32)
    sampling = Sampling(temperature=1.0, top_p=0.95)
    changed = sum(draw(logits, sampling, seed, 0) != draw(nudged, sampling, seed, 0) for seed in range(2000))
    assert changed < 10


def test_rows_do_not_influence_each_other() -> None:
    logits = np.random.default_rng(4).normal(size=(12, 300)).astype(np.float32)
    samplings = [Sampling(), Sampling(temperature=0.7), Sampling(temperature=1.3, top_p=0.9, top_k=40)]
    drawers = [Drawer(samplings[row % 3], row // 2, row) for row in range(12)]
    assert draw_each(logits, drawers) == [
        draw(logits[row], d.sampling, d.seed, d.position) for row, d in enumerate(drawers)
    ]


def test_a_nucleus_of_a_large_vocabulary_is_that_of_sorting_it_all() -> None:
    logits = np.random.default_rng(5).normal(scale=3.0, size=4000).astype(np.float32)
    order = np.argsort(-logits, kind="stable")
    shares = np.exp(logits[order].astype(np.float64))
    for share in (0.2, 0.8, 0.999):
        left = set(order[: int(np.searchsorted(np.cumsum(shares), share * shares.sum())) + 1].tolist())
        sampling = Sampling(temperature=3.0, top_p=share)
        drawn = {draw(logits, sampling, seed, 0) for seed in range(400)}
        assert drawn <= left
        assert len(drawn) > min(len(left), 100) / 2


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling(temperature=1.0),
        Sampling(temperature=1.0, top_p=0.5),
        Sampling(temperature=1.0, min_p=0.1),
    ],
)
def test_logits_that_are_no_numbers_are_an_error(sampling: Sampling) -> None:
    with pytest.raises(ModelError, match="no numbers") as raised:
        draw(np.full(6, np.nan, np.float32), sampling, 1, 1)
    assert "weights are likely broken" in raised.value.hint
