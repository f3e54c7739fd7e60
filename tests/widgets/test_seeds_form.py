from workbench.taxonomy.findings import Finding
from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.field import column
from workbench.widgets.leaf_draft import LeafDraft, draft_at
from workbench.widgets.seeds_form import SeedsForm


def test_each_example_has_a_form_once_it_is_looked_at(taxonomy: Taxonomy) -> None:
    form = SeedsForm(draft_at(taxonomy, "knowledge/engineering/lighthouses"), lambda: None, column([]))
    form.show()
    assert len(form._forms) == 1
    form.go(3)
    form.go(0)
    assert len(form._forms) == 2
    assert ".seed_examples[4]" in form.places
    form.tell({".seed_examples[4]": [Finding("q", 1, 1, ".seed_examples[4]", "x", "error", "m")]})
    assert [label.endswith("(1 to look at)") for label, _ in form._chooser.options] == [*[False] * 4, True]


def test_a_leaf_without_examples_gets_one_for_a_passage(taxonomy: Taxonomy) -> None:
    draft = LeafDraft(taxonomy.root, "knowledge", "towns/old")
    draft.put(("seed_examples",), [])
    form = SeedsForm(draft, lambda: None, column([]))
    form.show()
    assert form.places == [".seed_examples"]
    form.take_context("A passage.")
    assert draft.get(("seed_examples", 0, "context")) == "A passage."
