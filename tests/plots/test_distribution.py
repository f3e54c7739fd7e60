from typing import Any

from tests.plots.extents import cut_off, words
from workbench.plots.distribution import distribution
from workbench.plots.leaf_lines import MOST_LINES

Record = dict[str, Any]


def leaf(path: str, mixed: int, heldout: int = 1, near: int = 0) -> Record:
    rejected = {"faithful": 3, "near_duplicate": near} if near else {}
    return {
        "path": path, "kind": "knowledge", "mixed": mixed, "heldout": heldout, "too_like_heldout": 1,
        "kept": mixed + heldout + 1, "rejected": rejected,
    }  # fmt: skip


def manifest(leaves: list[Record], **nodes: int) -> Record:
    return {"leaves": leaves, "data_metrics": {"tokens": {"data_leaf_nodes": nodes}}}


def test_each_leaf_says_its_samples_and_tokens() -> None:
    leaves = [leaf("knowledge/a/boats", 20, 3, near=4), leaf("compositional_skills/letters", 1200)]
    figure = distribution(manifest(leaves, knowledge_a_boats=4321, compositional_letters=98765))
    assert {"boats", "letters", "24", "1,202", "4,321", "98,765"} <= set(words(figure))
    assert {"trained on", "held out", "repeats another"} <= set(words(figure))
    assert figure.caption == (
        "1,226 kept samples of 2 leaves, 24 to 1,202 a leaf: 1,220 trained on, 4 held out, 2 left out as too like "
        "those. 4 more repeated another sample and were dropped. What is trained on has 103,086 tokens."
    )
    assert not cut_off(figure)


def test_leaves_whose_names_collide_keep_their_tokens() -> None:
    leaves = [leaf("knowledge/a/b_c", 5), leaf("knowledge/a_b/c", 5)]
    figure = distribution(manifest(leaves, **{"knowledge_a/b_c": 111, "knowledge_a_b/c": 222}))
    assert {"111", "222"} <= set(words(figure))


def test_hundreds_of_leaves_share_lines_by_folder() -> None:
    leaves = [
        leaf(f"knowledge/{top}/{middle}/leaf{number}", 5)
        for top in range(4)
        for middle in range(9)
        for number in range(8)
    ]
    figure = distribution(manifest(leaves))
    labels = [text.get_text() for text in figure.drawing.axes[0].get_yticklabels()]
    assert len(labels) == 36 <= MOST_LINES
    assert labels[0] == "knowledge/0/0: 8 leaves"
    assert "56" in words(figure)
    assert figure.caption.startswith("2,016 kept samples of 288 leaves, 7 in each leaf")
    assert not cut_off(figure)


def test_a_run_without_leaves_says_so() -> None:
    assert distribution({}).caption == "Nothing has been generated yet."
