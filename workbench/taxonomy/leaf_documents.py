"""The documents that a knowledge leaf is about."""

from dataclasses import dataclass
from pathlib import Path

from workbench.documents.convert import Document, convert, read_documents
from workbench.documents.repositories import FULL_HASH, Repository
from workbench.documents.sources import Origin, Place, SourceFile, fetch, is_cloned
from workbench.errors import DocumentError, NotFoundError, TaxonomyError
from workbench.records import digest_file
from workbench.taxonomy.qna import FILE_NAME
from workbench.taxonomy.tree import Leaf

# Documents of one leaf that its contexts are looked for in, all together.
MOST_BYTES = 2**20


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


@dataclass(frozen=True)
class AtHand:
    """Files of a leaf's documents that were had without a network, and, where they are `comparable`, their digests.

    The text that is taken from a PDF differs from what a person copies out of it: with one among them, any context
    may come from it, and nothing is compared.
    """

    files: tuple[SourceFile, ...] = ()
    comparable: bool = False
    digests: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return [file.name for file in self.files]

    def documents(self) -> list[Document]:
        """None where one of them cannot be read: a context may come from that one."""
        try:
            return [convert(file) for file in self.files] if self.comparable else []
        except (DocumentError, OSError):
            return []


def documents_at_hand(leaf: Leaf, origin: Origin, cache: Path | None) -> AtHand:
    """Those in the taxonomy, and those fetched before into `cache` at a full hash."""
    if is_cloned(origin.repo):
        if not cache or not FULL_HASH.fullmatch(origin.commit) or not Repository.cached(origin.repo, cache).is_there:
            return AtHand()
    elif Path(origin.repo).is_absolute() or origin.repo.startswith("~"):
        return AtHand()
    try:
        place = Place(leaf.root, leaf.folder, cache or leaf.root)
        files = tuple(fetch(origin, place, offline=True))
        markdown = all(file.path.suffix.casefold() == ".md" for file in files)
        if not markdown or sum(file.path.stat().st_size for file in files) > MOST_BYTES:
            return AtHand(files)
        return AtHand(files, True, tuple(digest_file(file.path) for file in files))
    except (DocumentError, NotFoundError, OSError, ValueError, RuntimeError):
        return AtHand()
