from typing import Any

from matplotlib.patches import Rectangle

from tests.plots.extents import cut_off, words
from workbench.plots.sieve import funnel


def leaf(path: str = "knowledge/harbours/lighthouses", **changes: Any) -> dict[str, Any]:
    rejected = {"faithful": 40, "near_duplicate": 10, "relevancy": 30, "question": 5}
    found = {
        "path": path,
        "kind": "knowledge",
        "asked": 100,
        "made": 200,
        "kept": 112,
        "rejected": rejected,
        "failed": 3,
    }
    return found | {"stages": ["stands_alone", "relevancy", "faithful"]} | changes


def labels(path: int, *leaves: dict[str, Any]) -> list[str]:
    panel = funnel({"leaves": list(leaves)}).drawing.axes[path]
    return [label.get_text() for label in panel.get_yticklabels()]


def test_bars_are_what_each_stage_left_behind_in_its_order() -> None:
    figure = funnel({"leaves": [leaf()]})
    panel = figure.drawing.axes[0]
    widths = [bar.get_width() for bar in panel.patches if isinstance(bar, Rectangle)]
    assert widths == [200, 197, 197, 167, 127, 122, 112, 112]
    expected = "made|in form|stands alone|relevancy|faithful|question|no near-duplicate|kept"
    assert labels(0, leaf()) == expected.split("|")
    assert {"200", "\N{MINUS SIGN}40"} <= {word.strip() for word in words(figure)}


def test_the_caption_says_how_many_passed() -> None:
    other = leaf("compositional_skills/writing/spelling", made=100, kept=10, rejected={"faithful": 90}, failed=0)
    figure = funnel({"leaves": [leaf(), other]})
    assert "Of 300 samples made for 2 leaves, 122 were kept (41 %); 200 were asked for." in figure.caption
    assert "The fewest passed in spelling: 10 of 100." in figure.caption
    assert not cut_off(figure)


def test_many_leaves_with_long_names_stay_readable() -> None:
    names = ["extraction/inference/quantitative/asciidoc/tables", "writing/freeform/technical/proposals_of_many_kinds"]
    leaves = [leaf(f"compositional_skills/{name}", stages=["good_question_for_context"]) for name in names] + [leaf()]
    figure = funnel({"leaves": leaves})
    assert len(figure.drawing.axes) == 4
    assert not cut_off(figure)


def test_a_leaf_without_a_single_sample_can_be_drawn() -> None:
    figure = funnel({"leaves": [leaf(made=0, kept=0, rejected={}, failed=0)]})
    assert "Of 0 samples made for 1 leaf, 0 were kept (0 %)" in figure.caption


def test_an_empty_run_says_so() -> None:
    assert funnel({"leaves": []}).caption == "Nothing has been generated yet."
