import math
import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workbench.training.encoding import Sample
from workbench.training.packing import WholeSet, collate, fixed_length, micro_batches, pack

LENGTHS = st.lists(st.integers(1, 40), max_size=60)


def chat_lengths(count: int, rng: random.Random) -> list[int]:
    """Log-normal with mean 250 and deviation 200, cut at 1024."""
    spread = math.log(1 + (200 / 250) ** 2)
    drawn = (rng.lognormvariate(math.log(250) - spread / 2, math.sqrt(spread)) for _ in range(count))
    return [max(8, min(1024, round(length))) for length in drawn]


@given(LENGTHS, st.integers(1, 40))
def test_every_sample_is_in_one_row_and_no_row_is_over_capacity(lengths: list[int], capacity: int) -> None:
    rows = pack(lengths, capacity)
    assert sorted(index for row in rows for index in row) == list(range(len(lengths)))
    for row in rows:
        assert sum(lengths[index] for index in row) <= capacity or len(row) == 1
    assert rows == pack(lengths, capacity)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=60))
def test_no_two_rows_would_fit_into_one(lengths: list[int]) -> None:
    filled = sorted(sum(lengths[index] for index in row) for row in pack(lengths, 30))
    assert len(filled) < 2 or filled[0] + filled[1] > 30


def test_rows_are_packed_full() -> None:
    rows = pack([6, 5, 4, 3, 2, 2, 2], 8)
    assert [[[6, 5, 4, 3, 2, 2, 2][index] for index in row] for row in rows] == [[6, 2], [5, 3], [4, 2, 2]]


@given(LENGTHS, st.integers(1, 40), st.integers(1, 5))
def test_ranks_share_the_samples_in_equally_many_micro_batches(lengths: list[int], capacity: int, ranks: int) -> None:
    shares = micro_batches(lengths, capacity, ranks)
    assert len(shares) == ranks
    assert len({len(share) for share in shares}) == 1
    rows = [row for share in shares for row in share]
    assert sorted(index for row in rows for index in row) == list(range(len(lengths)))
    for row in rows:
        assert sum(lengths[index] for index in row) <= capacity or len(row) == 1
    assert len(shares[0]) <= -(-len(pack(lengths, capacity)) // ranks)
    for share in shares:
        assert all(share[: sum(map(bool, share))]), "empty ones are the last"
    assert shares == micro_batches(lengths, capacity, ranks)


@pytest.mark.parametrize("ranks", [2, 4, 8])
@pytest.mark.parametrize("count", [64, 200])
def test_micro_batches_are_about_equally_long(count: int, ranks: int) -> None:
    for seed in range(5):
        lengths = chat_lengths(count, random.Random(seed))
        shares = micro_batches(lengths, 2048, ranks)
        filled = [sum(lengths[index] for index in row) for share in shares for row in share]
        assert max(filled) < 1.1 * min(filled)
        totals = [sum(lengths[index] for row in share for index in row) for share in shares]
        assert max(totals) < 1.05 * min(totals)


def test_a_rank_may_have_nothing_at_the_end() -> None:
    assert micro_batches([9, 8, 7], 10, 2) == [[[0], []], [[1], [2]]]
    assert micro_batches([], 10, 2) == [[], []]


@pytest.mark.parametrize("capacity", [2048, 4096, 8192])
@pytest.mark.parametrize("batch_size", [16, 64, 128])
def test_fixed_rows_waste_three_percent_at_most(capacity: int, batch_size: int) -> None:
    rng = random.Random(7)
    used = made = 0
    for _ in range(40):
        lengths = chat_lengths(batch_size, rng)
        shares = micro_batches(lengths, capacity)
        length = fixed_length(lengths, shares, capacity)
        assert length <= capacity
        used += sum(lengths)
        made += length * len(shares[0])
    assert 1 - used / made <= 0.03


def test_packing_over_the_whole_set_wastes_less() -> None:
    lengths = chat_lengths(3000, random.Random(8))
    samples = [Sample((1,) * length, (1.0,) * length) for length in lengths]
    curriculum = WholeSet(samples, batch_size=64, epochs=1, seed=1, capacity=4096)
    made = 0
    for step in range(curriculum.steps):
        batch = [len(sample) for sample in curriculum.batch(step)]
        shares = micro_batches(batch, 4096)
        made += len(shares[0]) * fixed_length(batch, shares, 4096)
    assert 1 - sum(lengths) / made < 0.005


def test_a_whole_set_is_gone_through_once_an_epoch_in_another_order() -> None:
    samples = [Sample((index, *[0] * (index % 7)), (1.0,) * (1 + index % 7)) for index in range(50)]
    curriculum = WholeSet(samples, batch_size=10, epochs=3, seed=1, capacity=20)
    assert curriculum.steps == 3 * curriculum.steps_each
    orders = []
    for epoch in range(3):
        steps = range(epoch * curriculum.steps_each, (epoch + 1) * curriculum.steps_each)
        seen = [sample.tokens[0] for step in steps for sample in curriculum.batch(step)]
        assert sorted(seen) == list(range(50))
        orders.append(seen)
        assert curriculum.seen(steps.stop) == 50 * (epoch + 1)
    assert orders[0] != orders[1] != orders[2]
    assert curriculum.seen(1) == len(curriculum.batch(0))
    assert curriculum.batch(4) == WholeSet(samples, 10, 3, 1, 20).batch(4)


def test_a_row_says_which_token_belongs_where() -> None:
    batch = collate([Sample((5, 6, 7), (1.0, 0.5, 1.0)), Sample((8, 9), (1.0, 0.25)), Sample((3,), (1.0,))], 0, 8)
    assert batch.tokens.tolist() == [[5, 6, 7, 8, 9, 3, 0, 0]]
    assert batch.positions.tolist() == [[0, 1, 2, 0, 1, 0, 0, 0]]
    # Nothing is before a sample's first token that it could follow from.
    assert batch.weights.tolist() == [[0, 0.5, 1, 0, 0.25, 0, 0, 0]]
    assert batch.segments.lengths == (3, 2, 1, 2)
    assert batch.segments.bounds.tolist() == [0, 3, 5, 6, 8]
    assert batch.places.tolist() == [0, 1, 3]


def test_no_samples_are_a_row_of_padding() -> None:
    assert collate([], pad=4).tokens.tolist() == [[4]]
    assert collate([], pad=4, length=3).segments.lengths == (3,)
    assert collate([], pad=4).places.tolist() == []


def test_a_batch_moves_as_a_whole() -> None:
    batch = collate([Sample((5, 6), (1.0, 1.0))]).to(torch.device("meta"))
    tensors = (batch.tokens, batch.positions, batch.weights, batch.segments.bounds, batch.places)
    assert {tensor.device.type for tensor in tensors} == {"meta"}
