from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.leaf_draft import draft_at
from workbench.widgets.text_form import TextForm


def test_a_text_is_shown_or_mended(taxonomy: Taxonomy) -> None:
    draft, taken = draft_at(taxonomy, "compositional_skills/writing/spelling"), list[str]()
    form = TextForm(taken.append)
    form.show(draft)
    assert "version: 3" in form.widget.children[0].value
    assert form.widget.children[1].layout.display == "none"
    draft.load(b"a: [")
    form.show(draft)
    assert form.input.value == "a: ["
    form.input.value = "a: []"
    form.show(draft)
    assert form.input.value == "a: []"
    form.use.click()
    assert taken == ["a: []"]
