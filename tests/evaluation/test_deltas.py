from workbench.evaluation.deltas import deltas


def test_changes_are_rounded_and_sorted() -> None:
    base = {"a": 0.111, "b": 0.9, "c": 0.5, "d": 0.2, "e": 0.301}
    trained = {"a": 0.222, "b": 0.1, "c": 0.5, "d": 0.95, "e": 0.299}
    found = deltas(base, trained)
    assert list(found["improvements"].items()) == [("d", 0.75), ("a", 0.11)]
    assert found["regressions"] == {"b": -0.8}
    assert found["no_change"] == {"c": 0.0, "e": 0.0}


def test_regressions_begin_with_the_greatest_loss() -> None:
    assert list(deltas({"a": 0.5, "b": 0.9}, {"a": 0.4, "b": 0.1})["regressions"]) == ["b", "a"]


def test_keys_of_one_model_alone_are_reported() -> None:
    found = deltas({"a": 8.0, "b": 5.333, "c": None}, {"a": None, "c": 6.667, "d": None})
    assert found["new"] == {"c": 6.67}
    assert found["gone"] == {"a": 8.0, "b": 5.33}
    assert not found["improvements"]
    assert not found["regressions"]
    assert not found["no_change"]
