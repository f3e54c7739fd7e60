from typing import Any

from workbench.taxonomy.findings import Finding
from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.about_form import AboutForm
from workbench.widgets.leaf_draft import LeafDraft


def test_its_fields_are_those_of_the_kind(taxonomy: Taxonomy) -> None:
    put: list[Any] = []
    looked: list[int] = []
    form = AboutForm(lambda keys, value: put.append((keys, value)), lambda: looked.append(1))
    form.show(LeafDraft(taxonomy.root, "skill"))
    assert form.places == [".created_by", ".task_description"]
    form.show(LeafDraft(taxonomy.root, "knowledge"))
    assert form.places[-2:] == [".document.patterns", ".document"]
    inputs = [child.children[0] for child in form.widget.children if hasattr(child, "children")]
    fields = {one.description: one for one in inputs}
    fields["Files, as patterns with commas:"].value = "a.md,, b.md"
    assert put == [(("document", "patterns"), ["a.md", "b.md"])]
    assert looked == [1]
    form.tell({".document": [Finding("q", 1, 1, ".document", "missing-key", "error", "no repo")]})
    assert "no repo" in form.widget.children[-1].value
