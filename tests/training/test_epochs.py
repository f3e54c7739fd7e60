from workbench.training.encoding import Sample
from workbench.training.epochs import Epochs

SAMPLES = [Sample((number,), (1.0,)) for number in range(10)]


def drawn(epochs: Epochs, epoch: int) -> list[int]:
    steps = range(epoch * epochs.steps_each, (epoch + 1) * epochs.steps_each)
    return [sample.tokens[0] for step in steps for sample in epochs.batch(step)]


def test_each_sample_comes_once_an_epoch() -> None:
    epochs = Epochs(SAMPLES, 4, 3, seed=1)
    assert (epochs.steps_each, epochs.steps) == (3, 9)
    orders = [drawn(epochs, epoch) for epoch in range(3)]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert [len(epochs.batch(step)) for step in range(3)] == [4, 4, 2]


def test_a_step_is_the_same_whenever_it_is_asked_for() -> None:
    forward = Epochs(SAMPLES, 4, 3, seed=1)
    batches = [forward.batch(step) for step in range(9)]
    backward = Epochs(SAMPLES, 4, 3, seed=1)
    assert [backward.batch(step) for step in reversed(range(9))] == batches[::-1]
    assert [Epochs(SAMPLES, 4, 3, seed=2).batch(step) for step in range(9)] != batches


def test_a_batch_larger_than_all_takes_all() -> None:
    epochs = Epochs(SAMPLES, 64, 2, seed=1)
    assert epochs.steps == 2
    assert len(epochs.batch(1)) == 10
