import pytest

from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.passage_chooser import PassageChooser
from workbench.workspace import Workspace

LEAF, SKILL = "knowledge/engineering/lighthouses", "compositional_skills/writing/spelling"


@pytest.fixture
def taken() -> list[str]:
    return []


@pytest.fixture
def chooser(workspace: Workspace, taxonomy: Taxonomy, taken: list[str]) -> PassageChooser:
    return PassageChooser(workspace, taken.append)


def test_a_leaf_offers_its_contexts_and_the_parts_of_its_documents(
    chooser: PassageChooser, taxonomy: Taxonomy, taken: list[str]
) -> None:
    assert LEAF in chooser.leaf.options
    chooser.leaf.value = LEAF
    first = taxonomy.leaf(LEAF).qna().seed_examples[0].context.strip()
    assert (chooser.passage.value, taken[-1]) == ("context 1", first)
    assert first.split()[0] in chooser.shown.value
    part = next(name for name in chooser.passage.options if name.startswith("lighthouses.md 2"))
    chooser.passage.value = part
    assert "Selnor Light" in taken[-1]


def test_a_passage_can_be_removed(chooser: PassageChooser, taken: list[str]) -> None:
    chooser.leaf.value = LEAF
    assert not chooser.remove.disabled
    chooser.remove.click()
    assert (chooser.leaf.value, taken[-1], chooser.remove.disabled) == ("no leaf", "", True)
    assert "In front of" not in chooser.shown.value


def test_a_leaf_without_passages_says_so(chooser: PassageChooser, taken: list[str]) -> None:
    chooser.leaf.value = SKILL
    assert "This leaf has no passages" in chooser.shown.value
    assert taken[-1] == ""


def test_without_its_documents_a_leaf_still_offers_its_contexts(
    chooser: PassageChooser, taxonomy: Taxonomy, taken: list[str]
) -> None:
    (taxonomy.leaf(LEAF).folder / "lighthouses.md").unlink()
    chooser.leaf.value = LEAF
    assert taken[-1]
    assert "qna.yaml:63: " in chooser.shown.value
    chooser.leaf.value = "no leaf"
    (taxonomy.leaf(LEAF).folder / "qna.yaml").write_text("[]")
    chooser.leaf.value = LEAF
    assert "qna.yaml" in chooser.shown.value
    assert taken[-1] == ""


def test_without_a_taxonomy_there_is_none_to_choose(workspace: Workspace) -> None:
    chooser = PassageChooser(workspace, lambda text: None)
    assert chooser.leaf.options == ("no leaf",)
    labels = [control.description for control in (chooser.leaf, chooser.passage, chooser.remove)]
    assert labels == ["Leaf:", "Passage:", "Remove the passage"]
