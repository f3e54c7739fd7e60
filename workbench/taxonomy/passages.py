"""What can be read of a leaf: the contexts of its seed examples, and its documents part by part."""

from dataclasses import dataclass
from pathlib import Path

from workbench.documents.chunks import split
from workbench.documents.options import ChunkOptions
from workbench.taxonomy.leaf_documents import leaf_documents
from workbench.taxonomy.tree import Leaf

# Words of a part of a document: a few paragraphs, which also a small model's context has room for.
_WORDS = 150


@dataclass(frozen=True)
class Passage:
    """`name` tells it from the others of its leaf."""

    name: str
    text: str


def seed_passages(leaf: Leaf) -> list[Passage]:
    """Contexts in their order, each once; none for a skill without them. TaxonomyError where the file is no mapping."""
    texts = dict.fromkeys(seed.context.strip() for seed in leaf.qna().seed_examples if seed.context.strip())
    return [Passage(f"context {number}", text) for number, text in enumerate(texts, start=1)]


def document_passages(leaf: Leaf, cache: Path) -> list[Passage]:
    """Parts of the documents that are there without a network; DocumentError where they are not, or cannot be read."""
    options = ChunkOptions(max_tokens=_WORDS, one_section=True)
    return [
        Passage(f"{chunk.document} {chunk.ordinal + 1}: {' / '.join(chunk.headings)}".rstrip(": "), chunk.text)
        for document in leaf_documents(leaf, cache, offline=True)
        for chunk in split(document, options, lambda text: len(text.split()))
    ]
