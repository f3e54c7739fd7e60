import pytest

from workbench.engines.settings import Settings, available_cores, divided, suited

SMALL, LARGE = 4_000_000, 7_000_000_000


def test_small_models_are_exact_and_large_ones_economical() -> None:
    small, reason = suited(Settings(1024), parameters=SMALL, gpu=False)
    assert (small.exact, small.sequences, small.gpu_layers, small.batch) == (True, 16, 0, 512)
    assert small.threads == available_cores()
    assert "built without a GPU" in reason
    assert "4 million parameters" in reason
    large, reason = suited(Settings(4096), parameters=LARGE, gpu=True)
    assert (large.exact, large.sequences, large.gpu_layers) == (False, 32, -1)
    assert reason.startswith("All layers on the GPU, because llama.cpp can use one.")


def test_what_is_asked_for_is_taken() -> None:
    asked = Settings(100, sequences=3, prefixes=0, contexts=1, batch=64, threads=5, gpu_layers=7, exact=True)
    found, reason = suited(asked, parameters=LARGE, gpu=True)
    assert found == asked
    assert "7 layers on the GPU" in reason
    assert "Up to 5 threads, as was asked for." in reason


@pytest.mark.parametrize(
    ("gpu", "layers", "words"), [(True, 0, "because it was asked for"), (False, 9, "without a GPU")]
)
def test_no_layer_is_put_where_it_cannot_or_shall_not_be(gpu: bool, layers: int, words: str) -> None:
    found, reason = suited(Settings(gpu_layers=layers), parameters=SMALL, gpu=gpu)
    assert (found.gpu_layers, found.exact) == (0, True)
    assert words in reason


def test_tiny_models_take_threads_as_contexts() -> None:
    tiny, reason = suited(Settings(threads=4), parameters=SMALL, gpu=False)
    assert (tiny.contexts, tiny.threads, tiny.sequences) == (4, 4, 16)
    assert "Up to 4 threads in 4 contexts, as threads would only wait for each other" in reason
    each = divided(tiny)
    assert (each.contexts, each.threads, each.sequences, each.prefixes) == (1, 1, 4, 1)
    assert suited(Settings(threads=64), parameters=SMALL, gpu=False)[0].contexts == 8


@pytest.mark.parametrize(
    ("asked", "parameters", "contexts"),
    [
        (Settings(threads=4), 20_000_000, 1),
        (Settings(threads=4, exact=False), SMALL, 1),
        (Settings(threads=4, sequences=1), SMALL, 1),
        (Settings(threads=1), SMALL, 1),
        (Settings(threads=2, contexts=3), SMALL, 2),
        (Settings(threads=4, contexts=3), LARGE, 3),
    ],
)
def test_contexts_are_never_more_than_threads_or_sequences(asked: Settings, parameters: int, contexts: int) -> None:
    assert suited(asked, parameters=parameters, gpu=False)[0].contexts == contexts


def test_cores_are_at_least_one() -> None:
    assert available_cores() >= 1
