import numpy as np
import pytest

from workbench.engines.likelihoods import likelihoods, logprob

ROW = np.log(np.asarray([0.1, 0.4, 0.4, 0.1], np.float32)) + 3


def spell(token: int) -> bytes:
    return b"abcd"[token : token + 1]


def test_a_token_is_as_likely_as_its_share() -> None:
    found = likelihoods(np.stack([ROW, ROW]), [0, 2])
    assert found == pytest.approx(np.log([0.1, 0.4]), abs=1e-6)


@pytest.mark.parametrize(("count", "top"), [(0, ""), (1, "b"), (3, "bca"), (4, "bcad"), (9, "bcad")])
def test_the_likeliest_come_first_and_equals_in_their_order(count: int, top: str) -> None:
    found = logprob(ROW, 3, b"piece", count, spell)
    assert found.piece == b"piece"
    assert found.value == pytest.approx(np.log(0.1), abs=1e-6)
    assert b"".join(piece for piece, _ in found.top).decode() == top
    assert all(value == pytest.approx(np.log(0.4), abs=1e-6) for _, value in found.top[:2])


def test_what_cannot_be_is_never_likely() -> None:
    found = logprob(np.asarray([0, -np.inf], np.float32), 0, b"", 2, spell)
    assert found.value == 0.0
    assert found.top == ((b"a", 0.0), (b"b", -np.inf))
