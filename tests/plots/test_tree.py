from itertools import pairwise
from pathlib import Path

from tests.plots.extents import cut_off, words
from workbench.assets import sample_taxonomy_folder
from workbench.plots.tree import taxonomy_tree
from workbench.records import write_text
from workbench.taxonomy.findings import Finding
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


def test_folders_with_one_folder_inside_share_its_line() -> None:
    deep = {"path": "compositional_skills/x/y/z/tables", "kind": "grounded skill", "size": 7}
    said = words(taxonomy_tree([*LEAVES, deep]))
    assert {"x/y/z", "tables", "a", "rhymes"} <= set(said)


def test_the_verdict_is_a_word_and_a_shape() -> None:
    found = [
        Finding("knowledge/b/ships/qna.yaml", 3, 1, ".a", "wrong-type", "error", "wrong"),
        Finding("knowledge/b/ships/qna.yaml", 4, 1, ".b", "long-answer", "advice", "long"),
        Finding("knowledge/b/ports/attribution.txt", 1, 1, "", "attribution-empty", "warning", "empty"),
    ]
    figure = taxonomy_tree(LEAVES, None, found)
    assert {"1 error", "1 warning", "valid"} <= set(words(figure))
    shapes = {line.get_marker() for line in figure.drawing.axes[0].lines}
    assert {"X", "^", "P"} <= shapes
    assert figure.caption.endswith("; 1 added; errors in knowledge/b/ships.")
    assert taxonomy_tree(LEAVES, None, []).caption.endswith("all valid.")


def test_a_large_taxonomy_fits_a_page_and_nothing_is_cut() -> None:
    many = [
        {
            "path": f"knowledge/{'abc'[n % 3]}/{'a_rather_long_folder_name_' * (n % 3)}x{n % 5}/leaf_{n}",
            "kind": "knowledge",
            "size": n,
        }
        for n in range(100)
    ]
    statuses = {many[n]["path"]: status for n, status in enumerate(("added", "modified", "renamed", "untracked"))}
    figure = taxonomy_tree(many, {str(path): status for path, status in statuses.items()}, [])
    assert figure.drawing.get_figheight() < 17
    figure.drawing.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.drawing.axes[0].texts]
    assert max(box.x1 for box in boxes) <= figure.drawing.bbox.x1
    lines = sorted((round(box.y0), box.x0, box.x1) for box in boxes)
    assert not [one for one, other in pairwise(lines) if one[0] == other[0] and one[2] > other[1]]


def test_words_in_an_svg_are_words() -> None:
    figure = taxonomy_tree(LEAVES)
    svg = figure.svg.decode()
    assert ">rhymes</text>" in svg
    assert f"<title>{figure.caption}</title>" in svg
