import pytest

from workbench.errors import NotFoundError
from workbench.taxonomy.sample import lay_out_sample
from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.leaf_picker import LeafPicker
from workbench.workspace import Workspace

FIRST = "knowledge/engineering/lighthouses"


@pytest.fixture
def taxonomy(workspace: Workspace) -> Taxonomy:
    return lay_out_sample(workspace)


def test_it_begins_with_the_leaf_given(taxonomy: Taxonomy) -> None:
    picker = LeafPicker(taxonomy, FIRST)
    assert picker.value == FIRST
    assert picker.leaf.path == FIRST
    assert picker.text() == f"Leaf: {FIRST}"
    assert FIRST in picker.html()


def test_what_is_chosen_is_its_value(taxonomy: Taxonomy) -> None:
    picker = LeafPicker(taxonomy, FIRST)
    other = next(leaf.path for leaf in taxonomy if leaf.path != FIRST)
    picker.widget.value = other
    assert picker.value == picker.leaf.path == other


def test_a_leaf_that_is_not_there_is_refused(taxonomy: Taxonomy) -> None:
    with pytest.raises(NotFoundError, match="there is no leaf knowledge/nothing"):
        LeafPicker(taxonomy, "knowledge/nothing")
