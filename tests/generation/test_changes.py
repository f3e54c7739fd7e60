import pytest

from workbench.generation.changes import CHANGES, read_change
from workbench.generation.filters import RowError

ROW = {"a": "one", "b": "two", "manner": "verse"}
GIVEN: dict[str, dict[str, object]] = {
    "combine": {"columns": ["a", "b"], "into": "c"},
    "copy": {"a": "c"},
    "rename": {"a": "b", "b": "a"},
    "rows_of": {"columns": ["a", "b"], "value": "text", "name": "kind"},
    "choose": {"by": "manner", "choices": {"verse": "a", "prose": "b"}, "into": "c"},
    "fill": {"by": "manner", "entries": {"verse": {"c": "x", "d": "y"}, "prose": {"c": "z"}}},
    "split": {"column": "a", "pattern": "(?P<first>.)(?P<rest>.*)"},
    "sentence": {"of": "a", "into": "c"},
}
BECOMES: dict[str, list[dict[str, str]]] = {
    "combine": [ROW | {"c": "one\n\ntwo"}],
    "copy": [ROW | {"c": "one"}],
    "rename": [{"manner": "verse", "a": "two", "b": "one"}],
    "rows_of": [
        {"manner": "verse", "text": "one", "kind": "a"},
        {"manner": "verse", "text": "two", "kind": "b"},
    ],
    "choose": [ROW | {"c": "one"}],
    "fill": [ROW | {"c": "x", "d": "y"}],
    "split": [ROW | {"first": "o", "rest": "ne"}],
    "sentence": [ROW | {"c": "one"}],
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_makes_rows(kind: str) -> None:
    change = read_change(kind, GIVEN[kind])
    before = dict(ROW)
    assert change.rows(before) == BECOMES[kind]
    assert before == ROW, "the row itself was changed"


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_says_what_it_needs_and_leaves(kind: str) -> None:
    change = read_change(kind, GIVEN[kind])
    with pytest.raises(KeyError):
        change.rows({name: value for name, value in ROW.items() if name not in change.needs})
    for row in BECOMES[kind]:
        assert change.writes <= set(row)
        assert not change.removes & set(row)
        assert set(ROW) - change.removes <= set(row)


def test_columns_that_get_another_name_are_gone() -> None:
    removed = {kind: read_change(kind, GIVEN[kind]).removes for kind in ("copy", "rename", "rows_of")}
    assert removed == {"copy": set(), "rename": set(), "rows_of": {"a", "b"}}
    assert read_change("rename", {"a": "c"}).removes == {"a"}


def test_only_what_every_entry_fills_can_be_relied_on() -> None:
    assert read_change("fill", GIVEN["fill"]).writes == {"c"}


def test_a_separator_is_kept() -> None:
    assert read_change("combine", {**GIVEN["combine"], "separator": "-"}).rows(ROW)[0]["c"] == "one-two"


@pytest.mark.parametrize("kind", ["choose", "fill"])
def test_a_value_without_an_entry_loses_the_row(kind: str) -> None:
    with pytest.raises(RowError, match="there is nothing for manner 'song'"):
        read_change(kind, GIVEN[kind]).rows(ROW | {"manner": "song"})


def test_a_text_that_cannot_be_split_loses_the_row() -> None:
    with pytest.raises(RowError, match="a cannot be split"):
        read_change("split", GIVEN["split"]).rows(ROW | {"a": "o"})


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        ("combine", ["a"], "is no mapping"),
        ("combine", {"columns": ["a"]}, "has no `into`"),
        ("combine", {"columns": "a", "into": "c"}, "`columns` that are no list"),
        ("combine", {"columns": ["a"], "into": "c", "with": "-"}, "has no key `with`"),
        ("combine", {"columns": ["a"], "into": 3}, "has a `into` that is no text"),
        ("copy", {"a": 1}, "maps names of columns"),
        ("rename", {"a": "c", "b": "c"}, "gives two columns the same name"),
        ("choose", {"by": "m", "choices": {}, "into": "c"}, "has `choices` that map no texts"),
        ("fill", {"by": "m", "entries": {"x": "y"}}, "has `entries` that map no texts"),
        ("split", {"column": "a", "pattern": "(a"}, "no regular expression"),
        ("split", {"column": "a", "pattern": "(a)"}, "without named groups"),
    ],
)
def test_what_is_wrong_with_a_change_is_told(kind: str, given: object, told: str) -> None:
    with pytest.raises(ValueError, match=f"`{kind}`") as caught:
        read_change(kind, given)
    assert told in str(caught.value)


def test_each_time_that_a_source_comes_round_another_sentence_is_looked_at() -> None:
    change = read_change("sentence", GIVEN["sentence"])
    row = {"a": "Anna came first. Then Berta came. Clara was last."}
    seen = [change.rows(row, turn)[0]["c"] for turn in range(6)]
    assert set(seen[:3]) == {"Anna came first.", "Then Berta came.", "Clara was last."}
    assert seen[3:] == seen[:3]
