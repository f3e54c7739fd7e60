from workbench.taxonomy.attribution import Attribution
from workbench.taxonomy.findings import Finding
from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.attribution_form import PLACE, AttributionForm, changed
from workbench.widgets.leaf_draft import draft_at


def test_it_shows_the_file_and_what_is_wrong_with_it(taxonomy: Taxonomy) -> None:
    form = AttributionForm(lambda keys, value: None)
    draft = draft_at(taxonomy, "compositional_skills/writing/spelling")
    form.show(draft)
    shown = [child.children[0].value for child in form.widget.children if hasattr(child, "children")]
    assert draft.attribution.title in shown
    assert draft.attribution.licence in shown
    form.tell({PLACE: [Finding("a", 1, 1, "", "attribution-field", "warning", "without Title")]})
    assert "without Title" in form.widget.children[0].value


def test_only_the_other_lines_may_be_several() -> None:
    attribution = changed(Attribution(), "title", " The\nboats ")
    assert attribution.title == "The boats"
    assert changed(attribution, "rest", "one\n\ntwo").rest == ("one", "two")
