from workbench.plots.wording import count, listed, percent, short_leaves


def test_leaves_are_as_short_as_they_can_be_told_apart() -> None:
    assert short_leaves(["knowledge/a/ships", "knowledge/b/ships", "knowledge/b/ports"]) == {
        "knowledge/a/ships": "a/ships",
        "knowledge/b/ships": "b/ships",
        "knowledge/b/ports": "ports",
    }
    assert short_leaves(["a/ships", "ships"]) == {"a/ships": "a/ships", "ships": "ships"}


def test_numbers_and_lists_read_like_sentences() -> None:
    assert [count(1, "leaf", "leaves"), count(1200, "step")] == ["1 leaf", "1,200 steps"]
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert percent(0.305) == "30 %"
