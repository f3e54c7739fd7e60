import pytest

from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.leaf_draft import LeafDraft, draft_at
from workbench.widgets.seed_list import SeedList

LIGHTS = "knowledge/engineering/lighthouses"


@pytest.fixture
def draft(taxonomy: Taxonomy) -> LeafDraft:
    return draft_at(taxonomy, LIGHTS)


def test_a_new_leaf_has_five_empty_examples(taxonomy: Taxonomy) -> None:
    knowledge = LeafDraft(taxonomy.root, "knowledge")
    assert len(SeedList(knowledge)) == 5
    assert SeedList(knowledge).pairs(4) == 3
    assert SeedList(knowledge).title(0) == "1. (no question yet)"


def test_examples_are_added_moved_and_removed(draft: LeafDraft) -> None:
    seeds = SeedList(draft)
    first = draft.get(("seed_examples", 0))
    assert seeds.add(0) == 1
    assert seeds.move(0, 1) == 1
    assert draft.get(("seed_examples", 1)) is first
    assert seeds.move(1, 99) == 5
    assert seeds.remove(5) == 4
    assert seeds.remove(0) == 0
    assert len(seeds) == 4
    assert seeds.title(0).startswith("1. Who looks after")


def test_pairs_are_added_and_removed(draft: LeafDraft) -> None:
    seeds = SeedList(draft)
    seeds.add_pair(0)
    assert seeds.pairs(0) == 4
    seeds.remove_pair(0, 1)
    seeds.remove_pair(0, 0)
    assert [pair["question"] for pair in draft.get(("seed_examples", 0, "questions_and_answers"))] == [
        "How high is Firemric Light?", "",
    ]  # fmt: skip
    assert seeds.pairs(0) == 3


def test_what_is_no_list_becomes_one(draft: LeafDraft) -> None:
    draft.put(("seed_examples",), "none")
    seeds = SeedList(draft)
    assert len(seeds) == 0
    assert seeds.add(-1) == 0
    assert len(seeds) == 1


def test_an_example_of_a_grounded_skill_begins_with_a_context(taxonomy: Taxonomy) -> None:
    draft = draft_at(taxonomy, "compositional_skills/extraction/registers")
    SeedList(draft).add(0)
    assert draft.get(("seed_examples", 1)) == {"context": "", "question": "", "answer": ""}
