from workbench.taxonomy.balance import check_balance


def test_a_few_leaves_or_even_ones_are_none() -> None:
    assert list(check_balance({"a": 5, "b": 50})) == []
    assert list(check_balance({"a": 5, "b": 7, "c": 20, "d": 5})) == []
    assert list(check_balance({})) == []


def test_the_finding_names_the_figures() -> None:
    [found] = check_balance({"knowledge/a": 5, "knowledge/b": 5, "knowledge/c": 21, "knowledge/d": 1, "knowledge/e": 0})
    assert (found.path, found.code, found.severity) == (".", "lopsided", "advice")
    assert found.message == (
        "seed examples are spread unevenly: 21 in knowledge/c, 1 in knowledge/d; "
        "half of the 4 leaves have 5 or fewer, 32 in all"
    )


def test_only_the_worst_are_named() -> None:
    [found] = check_balance({f"a{n}": 5 for n in range(9)} | {f"b{n}": 50 + n for n in range(5)})
    assert "54 in b4, 53 in b3, 52 in b2, and so on in 2 more" in found.message
