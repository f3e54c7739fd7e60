from pathlib import Path

import pytest

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.documents.sources import Origin
from workbench.errors import DocumentError, TaxonomyError
from workbench.taxonomy.leaf_documents import MOST_BYTES, AtHand, documents_at_hand, leaf_documents
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


def test_only_markdown_of_some_length_is_compared(tree: Path, tmp_path: Path) -> None:
    leaf = Leaf(KNOWLEDGE, tree)

    def at_hand(*patterns: str, repo: str = ".") -> AtHand:
        return documents_at_hand(leaf, Origin(repo, "HEAD", patterns), tmp_path / "cache")

    assert (at_hand("*.md").names, at_hand("*.md").comparable) == (["document.md"], True)
    assert [document.name for document in at_hand("*.md").documents()] == ["document.md"]
    (leaf.folder / "scan.pdf").write_bytes(b"%PDF-1.4")
    assert (at_hand("*").names, at_hand("*").comparable, at_hand("*").digests) == (
        ["document.md", "scan.pdf"],
        False,
        (),
    )
    (leaf.folder / "long.md").write_bytes(b"a" * MOST_BYTES)
    assert not at_hand("*.md").comparable
    assert at_hand("*.md").documents() == []
    nothing = ["../..", "/srv", "~", "https://example.org/a.git", "nowhere"]
    assert [at_hand("*.md", repo=repo) for repo in nothing] == [AtHand()] * 5
    assert not (tmp_path / "cache").exists()
