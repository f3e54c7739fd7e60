from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.leaf_draft import draft_at
from workbench.widgets.seed_form import SeedForm

LIGHTS = "knowledge/engineering/lighthouses"
SPELLING = "compositional_skills/writing/spelling"


def test_it_shows_an_example_and_writes_into_it(taxonomy: Taxonomy) -> None:
    draft, told = draft_at(taxonomy, LIGHTS), list[int]()
    form = SeedForm(draft, lambda: told.append(1))
    form.show(1, grounded=True)
    assert form.context.input.value.startswith("## Selnor Light")
    assert len(form.places) == 7
    form.take_context("Another passage.")
    assert draft.get(("seed_examples", 1, "context")) == "Another passage."
    assert told
    form.retired = True
    form.context.input.value = "late"
    assert draft.get(("seed_examples", 1, "context")) == "Another passage."


def test_a_context_of_a_skill_stands_first_or_not_at_all(taxonomy: Taxonomy) -> None:
    draft = draft_at(taxonomy, SPELLING)
    form = SeedForm(draft, lambda: None)
    form.show(0, grounded=True)
    form.context.input.value = "A table."
    assert list(draft.get(("seed_examples", 0))) == ["context", "question", "answer"]
    form.context.input.value = ""
    assert not draft.changed
