from hypothesis import given
from hypothesis import strategies as st

from workbench.training.encoding import Sample
from workbench.training.packing import collate, pack


@given(st.lists(st.integers(1, 40), max_size=60), st.integers(1, 40))
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


def test_a_row_says_which_token_belongs_where() -> None:
    samples = [Sample((5, 6, 7), (1.0, 0.5, 1.0)), Sample((8, 9), (1.0, 0.25)), Sample((3,), (1.0,))]
    batch = collate(samples, [[0, 1], [2]], pad=0)
    assert batch.tokens.tolist() == [[5, 6, 7, 8, 9], [3, 0, 0, 0, 0]]
    assert batch.positions.tolist() == [[0, 1, 2, 0, 1], [0, 0, 0, 0, 0]]
    assert batch.segments.tolist() == [[1, 1, 1, 2, 2], [1, 0, 0, 0, 0]]
    # Nothing is before a sample's first token that it could follow from.
    assert batch.weights.tolist() == [[0, 0.5, 1, 0, 0.25], [0, 0, 0, 0, 0]]


def test_a_batch_moves_as_a_whole() -> None:
    import torch

    batch = collate([Sample((5, 6), (1.0, 1.0))], [[0]], pad=0).to(torch.device("meta"))
    assert {tensor.device.type for tensor in (batch.tokens, batch.positions, batch.segments, batch.weights)} == {"meta"}
