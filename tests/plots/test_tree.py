from pathlib import Path

from tests.plots.extents import cut_off, words
from workbench.assets import sample_taxonomy_folder
from workbench.plots.tree import taxonomy_tree
from workbench.records import write_text
from workbench.taxonomy.tree import read_taxonomy

LEAVES = [
    {"path": "knowledge/b/ships", "kind": "knowledge", "size": 15},
    {"path": "compositional_skills/a/rhymes", "kind": "freeform skill", "size": 5, "status": "added"},
    {"path": "knowledge/b/ports", "kind": "knowledge", "size": 12},
]


def test_folders_come_once_and_leaves_with_kind_and_size() -> None:
    said = words(taxonomy_tree(LEAVES))
    names = [word for word in said if word in "compositional_skills a rhymes knowledge b ports ships".split()]
    assert [names.count(name) for name in ("compositional_skills", "b", "ships")] == [1, 1, 1]
    assert {"15 pairs", "5 pairs", "freeform skill", "added"} <= set(said)


def test_the_caption_counts_leaves_by_kind_and_status() -> None:
    caption = taxonomy_tree(LEAVES, {"knowledge/b/ships": "modified"}).caption
    counted = "3 leaves with 32 question-answer pairs; 1 freeform skill and 2 knowledge leaves"
    assert caption == f"{counted}; 1 added and 1 modified."


def test_a_taxonomy_is_taken_as_it_is() -> None:
    taxonomy = read_taxonomy(sample_taxonomy_folder())
    figure = taxonomy_tree(taxonomy)
    assert figure.caption.startswith(f"{len(taxonomy)} leaves")
    assert not cut_off(figure)


def test_a_deep_leaf_with_a_status_stays_inside() -> None:
    path = "compositional_skills/extraction/inference/quantitative/asciidoc/tables_with_many_columns"
    figure = taxonomy_tree([*LEAVES, {"path": path, "kind": "grounded skill", "size": 7, "status": "untracked"}])
    panel = figure.drawing.axes[0]
    ends = [text.get_window_extent().x1 for text in panel.texts]
    assert max(ends) <= figure.drawing.bbox.x1


def test_a_leaf_that_cannot_be_read_is_shown_as_one(tmp_path: Path) -> None:
    write_text(tmp_path / "knowledge" / "a" / "qna.yaml", "seed_examples: [")
    figure = taxonomy_tree(read_taxonomy(tmp_path))
    assert figure.caption == "1 leaf with 0 question-answer pairs; 1 unreadable leaf."


def test_a_taxonomy_without_leaves_says_so() -> None:
    assert taxonomy_tree([]).caption == "The taxonomy has no leaves yet."
