from pathlib import Path

import pytest

from workbench.errors import DocumentError
from workbench.taxonomy.passages import document_passages, seed_passages
from workbench.taxonomy.sample import lay_out_sample
from workbench.taxonomy.tree import Taxonomy
from workbench.workspace import Workspace


@pytest.fixture
def taxonomy(workspace: Workspace) -> Taxonomy:
    return lay_out_sample(workspace)


def test_contexts_are_those_of_the_seeds(taxonomy: Taxonomy) -> None:
    leaf = taxonomy.leaf("knowledge/engineering/lighthouses")
    found = seed_passages(leaf)
    assert [passage.name for passage in found] == [f"context {number}" for number in range(1, 6)]
    assert found[0].text == leaf.qna().seed_examples[0].context.strip()


def test_documents_come_in_parts_that_say_where_they_stand(taxonomy: Taxonomy, tmp_path: Path) -> None:
    leaf = taxonomy.leaf("knowledge/engineering/lighthouses")
    found = document_passages(leaf, tmp_path)
    assert len(found) > 5
    assert found[0].name.startswith("lighthouses.md 1")
    assert max(len(passage.text.split()) for passage in found) <= 150
    whole = (leaf.folder / "lighthouses.md").read_text("utf-8")
    assert all(passage.text.splitlines()[-1] in whole for passage in found)


def test_a_freeform_skill_has_nothing_to_read(taxonomy: Taxonomy, tmp_path: Path) -> None:
    leaf = taxonomy.leaf("compositional_skills/writing/spelling")
    assert seed_passages(leaf) == []
    assert document_passages(leaf, tmp_path) == []


def test_documents_that_are_not_there_are_an_error(taxonomy: Taxonomy, tmp_path: Path) -> None:
    leaf = taxonomy.leaf("knowledge/engineering/lighthouses")
    (leaf.folder / "lighthouses.md").unlink()
    with pytest.raises(DocumentError):
        document_passages(leaf, tmp_path)
