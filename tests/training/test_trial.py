import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from workbench.training import trial
from workbench.training.encoding import Sample
from workbench.training.epochs import Epochs
from workbench.training.options import TrainingOptions
from workbench.training.trial import First, try_out

OPTIONS = TrainingOptions(device="cpu", threads=1, micro_batch_tokens=64, precision="float32", max_length=64)


def curriculum(count: int = 20, batch_size: int = 4) -> Epochs:
    samples = [Sample(tuple(range(1, 9 + n % 3)), (1.0,) * (8 + n % 3)) for n in range(count)]
    return Epochs(samples, batch_size, 2, 1)


def test_three_steps_are_timed_on_the_first_batches(tiny_model: Path) -> None:
    found = try_out(tiny_model, OPTIONS, curriculum())
    first = [len(sample) for step in range(3) for sample in curriculum().batch(step)]
    assert (found.steps, found.tokens) == (3, sum(first))
    assert found.tokens_per_second > 0
    assert found.first >= 0


def test_nothing_is_left_of_a_trial(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.read_bytes() for path in tiny_model.iterdir()}
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    try_out(tiny_model, OPTIONS, curriculum())
    assert not list(tmp_path.iterdir())
    assert {path: path.read_bytes() for path in tiny_model.iterdir()} == before


def test_a_short_run_is_tried_as_far_as_it_goes(tiny_model: Path) -> None:
    one = Epochs(curriculum().samples, 20, 1, 1)
    assert try_out(tiny_model, OPTIONS, one).steps == 1


def test_large_batches_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = curriculum(100, 50)
    first = First(whole, 40)
    assert [len(first.batch(step)) for step in range(2)] == [4, 4]
    assert first.batch(0) == whole.batch(0)[:4]
    assert len(First(whole, 1).batch(0)) == 1
    assert First(whole, 1).steps == 3


def test_the_first_step_counts_apart() -> None:
    def event(rate: float) -> dict[str, float]:
        return {"tokens_per_second": rate}

    tokens: Sequence[int] = [100, 100, 300]
    found = trial._measured([event(10.0), event(50.0), event(100.0)], tokens)
    assert found["tokens_per_second"] == pytest.approx(80.0)
    assert found["first"] == pytest.approx(10 - 100 / 80)
    assert trial._measured([event(10.0)], [100]) == {
        "steps": 1,
        "tokens": 100,
        "tokens_per_second": 10.0,
        "first": 0.0,
    }
