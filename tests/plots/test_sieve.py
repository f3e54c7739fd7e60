from typing import Any

from matplotlib.patches import Rectangle

from tests.plots.extents import cut_off, words
from workbench.plots.sieve import funnel

LOST = {"question": 3, "stands_alone": 0, "relevancy": 30, "answer": 0, "faithful": 45, "near_duplicate": 10}


def leaf(
    path: str = "knowledge/harbours/lighthouses", made: int = 200, lost: dict[str, int] = LOST, kind: str = "knowledge"
) -> dict[str, Any]:
    """A leaf of a manifest; what is lost at question and answer failed, elsewhere it was rejected."""
    lines, left = [], made
    for stage, number in lost.items():
        writes = stage in ("question", "answer")
        line = {"stage": stage, "judges": not writes and stage != "near_duplicate", "in": left, "passed": left - number}
        line |= {"rejected": 0 if writes else number, "failed": number if writes else 0}
        lines.append(line | {"reasons": {"judged 0": number} if number else {}})
        left -= number
    counts = {"asked": 100, "made": made, "kept": left, "mixed": left - left // 10, "heldout": left // 10}
    return {"path": path, "kind": kind, **counts, "funnel": lines}


def labels(path: int, *leaves: dict[str, Any]) -> list[str]:
    panel = funnel({"leaves": list(leaves)}).drawing.axes[path]
    return [label.get_text() for label in panel.get_yticklabels()]


def test_bars_are_what_each_stage_left_behind_in_its_order() -> None:
    figure = funnel({"leaves": [leaf()]})
    panel = figure.drawing.axes[0]
    widths = [bar.get_width() for bar in panel.patches if isinstance(bar, Rectangle)]
    assert widths == [200, 197, 197, 167, 122, 112, 112]
    expected = "made|question|stands alone|relevancy|faithful|no near-duplicate|kept"
    assert labels(0, leaf()) == expected.split("|")
    assert {"200", "\N{MINUS SIGN}45"} <= {word.strip() for word in words(figure)}


def test_the_caption_says_how_many_passed() -> None:
    other = leaf("compositional_skills/writing/spelling", made=100, lost={"faithful": 90})
    figure = funnel({"leaves": [leaf(), other]})
    assert "Of 300 samples made for 2 leaves, 122 were kept (41 %); 200 were asked for." in figure.caption
    assert "The fewest passed in spelling: 10 of 100." in figure.caption
    assert not cut_off(figure)


def test_many_leaves_with_long_names_stay_readable() -> None:
    names = ["extraction/inference/quantitative/asciidoc/tables", "writing/freeform/technical/proposals_of_many_kinds"]
    leaves = [leaf(f"compositional_skills/{name}", lost={"good_question_for_context": 3}) for name in names] + [leaf()]
    figure = funnel({"leaves": leaves})
    assert len(figure.drawing.axes) == 4
    assert not cut_off(figure)


def test_a_leaf_without_a_single_sample_can_be_drawn() -> None:
    figure = funnel({"leaves": [leaf(made=0, lost={"faithful": 0})]})
    assert "Of 0 samples made for 1 leaf, 0 were kept (0 %)" in figure.caption


def test_an_empty_run_says_so() -> None:
    assert funnel({"leaves": []}).caption == "Nothing has been generated yet."
