from pathlib import Path

import pytest

from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.document_reader import DocumentReader
from workbench.widgets.leaf_draft import LeafDraft, draft_at


@pytest.fixture
def draft(taxonomy: Taxonomy) -> LeafDraft:
    return draft_at(taxonomy, "knowledge/engineering/lighthouses")


def test_a_selection_on_the_page_is_a_passage_of_the_document(draft: LeafDraft, tmp_path: Path) -> None:
    taken: list[str] = []
    reader = DocumentReader(lambda: tmp_path, taken.append)
    reader.show(draft)
    assert reader.page.name == "Document lighthouses.md"
    assert reader.use.disabled
    reader.page.selection = [2, 5, "Firemric Light Visitors find Firemric Light in Gilelholm."]
    assert reader.passage == "## Firemric Light\n\nVisitors find Firemric Light in Gilelholm."
    assert reader.page.told == "Chosen: 9 words"
    reader.use.click()
    assert taken == [reader.passage]


def test_several_passages_are_taken_with_all_between(draft: LeafDraft, tmp_path: Path) -> None:
    reader = DocumentReader(lambda: tmp_path, lambda text: None)
    reader.show(draft)
    reader.list.index = (1, 4)
    assert reader.passage.startswith("## Firemric Light")
    assert "## Selnor Light" in reader.passage
    assert list(reader.page.marked) == [2, 9]


def test_what_is_wrong_with_a_source_is_said(draft: LeafDraft, tmp_path: Path) -> None:
    reader = DocumentReader(lambda: tmp_path, lambda text: None)
    draft.put(("document", "repo"), "../outside")
    reader.show(draft)
    assert "workbench-warning" in reader.status.value
    assert draft.documents == ()
    draft.put(("document", "patterns"), [])
    reader.show(draft)
    assert "it is not said where the document is" in reader.status.value
