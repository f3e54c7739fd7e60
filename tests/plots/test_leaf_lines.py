from hypothesis import given
from hypothesis import strategies as st

from workbench.plots.leaf_lines import MOST_LINES, leaf_lines


def test_few_leaves_have_a_line_each_under_a_short_name() -> None:
    assert leaf_lines(["knowledge/a/b", "knowledge/c/b", "skills/d"]) == {
        "knowledge/a/b": "a/b",
        "knowledge/c/b": "c/b",
        "skills/d": "d",
    }
    assert leaf_lines([]) == {}


def test_many_leaves_share_lines_as_deep_as_there_is_room_for() -> None:
    paths = [f"knowledge/{top}/{middle}/{leaf}" for top in range(3) for middle in range(9) for leaf in range(5)]
    lines = leaf_lines([*paths, "compositional_skills/alone"])
    assert lines["knowledge/0/0/3"] == "knowledge/0/0: 5 leaves"
    assert lines["compositional_skills/alone"] == "compositional_skills/alone"
    assert len(set(lines.values())) == 28


@given(st.sets(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4).map(lambda parts: "/".join(["k", *parts]))))
def test_lines_are_never_too_many_where_leaves_share_a_root(paths: set[str]) -> None:
    lines = leaf_lines(sorted(paths))
    assert list(lines) == sorted(paths)
    assert len(set(lines.values())) <= MOST_LINES
