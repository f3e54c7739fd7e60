from pathlib import Path

import pytest

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.errors import DocumentError, TaxonomyError
from workbench.taxonomy.leaf_documents import leaf_documents
from workbench.taxonomy.tree import Leaf


def test_a_leaf_has_the_documents_beside_it(tree: Path, tmp_path: Path) -> None:
    [document] = leaf_documents(Leaf(KNOWLEDGE, tree), tmp_path / "cache")
    assert document.name == "document.md"
    assert document.text.startswith("# The tool library\n\n## Joining\n")


def test_a_skill_has_none(tree: Path, tmp_path: Path) -> None:
    assert leaf_documents(Leaf(SKILL, tree), tmp_path / "cache") == []


def test_an_error_names_the_line_of_the_leaf(tree: Path, tmp_path: Path) -> None:
    (tree / KNOWLEDGE / "document.md").unlink()
    with pytest.raises(DocumentError, match=rf"^{KNOWLEDGE}/qna\.yaml:\d+: \.: no file is covered"):
        leaf_documents(Leaf(KNOWLEDGE, tree), tmp_path / "cache")


def test_a_leaf_without_a_document_is_told(tree: Path, tmp_path: Path) -> None:
    (tree / KNOWLEDGE / "qna.yaml").write_text("version: 3\n")
    with pytest.raises(TaxonomyError, match="names no document"):
        leaf_documents(Leaf(KNOWLEDGE, tree), tmp_path / "cache")
