from typing import Any

from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.leaf_draft import LeafDraft, draft_at
from workbench.widgets.place_form import NEW, PlaceForm


def test_a_leaf_is_chosen_or_a_new_one_placed(taxonomy: Taxonomy) -> None:
    done: list[Any] = []
    form = PlaceForm(taxonomy, done.append, lambda kind, path: done.append((kind, path)))
    assert list(form.leaf.options) == [NEW, *(leaf.path for leaf in taxonomy)]
    assert list(form.path.options) == ["engineering/", "extraction/", "geography/", "writing/"]
    form.show(draft_at(taxonomy, "knowledge/geography/islands"))
    assert done == []
    assert form.new.layout.display == "none"
    form.leaf.value = NEW
    form.path.value = " towns/old "
    form.kind.value = "skill"
    assert done == ["", ("knowledge", "towns/old"), ("skill", "towns/old")]


def test_it_says_where_a_new_leaf_will_be_or_why_not(taxonomy: Taxonomy) -> None:
    form = PlaceForm(taxonomy, lambda path: None, lambda kind, path: None)
    for path, said in (
        ("", "Say where in the tree"),
        ("a b", "cannot be the path of a leaf"),
        ("writing/new", "It will be compositional_skills/writing/new."),
        ("writing/spelling", "There is a leaf compositional_skills/writing/spelling already"),
    ):
        form.show(LeafDraft(taxonomy.root, "skill", path))
        assert said in form.note.value
