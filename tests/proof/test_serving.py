"""A server under load: nothing fails, nothing is lost, and how long clients wait beside another server."""

from pathlib import Path

import pytest

from tests.benchmarks.serving_load import OURS, PEER, measure
from tests.conftest import Measure

CLIENTS, SECONDS, ROUNDS = 32, 120.0, 2


@pytest.mark.prove
def test_every_request_of_many_clients_is_answered(tmp_path: Path, measured: Measure) -> None:
    tallies = measure(CLIENTS, SECONDS, ROUNDS, tmp_path)
    what = f"serving: {CLIENTS} clients for {SECONDS:.0f} seconds, embedded teacher"
    measured(what, str(tallies[OURS]), "none failed, none lost")
    measured(f"{what}, llama_cpp.server", str(tallies[PEER]))
    ours = tallies[OURS]
    assert (ours.failed, ours.lost) == (0, 0)
    assert len(ours.total) == ours.asked > CLIENTS
