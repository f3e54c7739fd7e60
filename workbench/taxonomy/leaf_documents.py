"""The documents that a knowledge leaf is about."""

from pathlib import Path

from workbench.documents.convert import Document, read_documents
from workbench.documents.sources import Place
from workbench.errors import DocumentError, TaxonomyError
from workbench.taxonomy.qna import FILE_NAME
from workbench.taxonomy.tree import Leaf


def leaf_documents(leaf: Leaf, cache: Path, *, offline: bool = False) -> list[Document]:
    """As Markdown, sorted by name; none for a skill. DocumentError names the leaf's file and line."""
    qna = leaf.qna()
    if qna.kind == "skill":
        return []
    where = f"{leaf.path}/{FILE_NAME}"
    if not qna.document:
        raise TaxonomyError(f"{where}: names no document", hint="add document with repo, commit and patterns")
    try:
        return read_documents(qna.document.origin, Place(leaf.root, leaf.folder, cache), offline=offline)
    except DocumentError as error:
        raise DocumentError(f"{where}:{qna.document.line}: {error.message}", hint=error.hint) from error
