from workbench.evaluation.benchmarks import benchmark
from workbench.evaluation.results import headline, result

WRONG, RIGHT = {"leaf": "a", "right": False}, {"leaf": "a", "right": True}


def test_all_items_count_the_same_whatever_their_leaf() -> None:
    other = {"leaf": "b", "right": True}
    found = result(benchmark("proof"), {"base": [WRONG, WRONG, WRONG, other], "trained": [RIGHT, RIGHT, RIGHT, other]})
    assert found["base"]["score"] == 0.25
    assert found["deltas"]["improvements"] == {"a": 1.0}
    assert found["deltas"]["no_change"] == {"b": 0.0}
    assert found["scale"] == {"low": 0.0, "high": 1.0, "chance": 0.25}


def test_one_model_alone_has_no_deltas() -> None:
    found = result(benchmark("reading"), {"base": [RIGHT, WRONG]})
    assert "deltas" not in found
    assert "change" not in found
    assert found["leaves"]["a"].keys() == {"base"}


def test_the_headline_says_none_for_what_was_not_asked() -> None:
    found = result(benchmark("proof"), {"trained": [RIGHT]})
    assert headline({"proof": found}) == {"base_accuracy": None, "trained_accuracy": 1.0, "reading_accuracy": None}


def test_without_a_base_the_model_shows_that_it_can_read() -> None:
    found = {"reading": result(benchmark("reading"), {"trained": [RIGHT]})}
    assert headline(found)["reading_accuracy"] == 1.0
