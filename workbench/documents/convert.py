"""The text of a document as Markdown."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.documents.converters import EXTRAS, convert_with
from workbench.documents.repositories import MAX_BYTES
from workbench.documents.sources import READABLE, Origin, Place, SourceFile, fetch
from workbench.errors import DocumentError
from workbench.records import digest_bytes

_LFS = b"version https://git-lfs.github.com/spec/"
_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
Dropped = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Document:
    """`text` is Markdown with plain line breaks; `name` is the posix path in its repository.

    `dropped` says what of the file is not in the text: reasons with their counts.
    """

    name: str
    text: str
    dropped: Dropped = ()

    @property
    def digest(self) -> str:
        return digest_bytes(self.text.encode())


def read_documents(origin: Origin, place: Place, *, offline: bool = False) -> list[Document]:
    """Fetched and converted, sorted by name."""
    return [convert(file) for file in fetch(origin, place, offline=offline)]


def convert(file: SourceFile, converter: str = "auto") -> Document:
    """Read by the file's ending, or by the converter named (`plain`, `markitdown`, `docling`).

    Of a PDF `plain` takes the text of its pages: its tables lose their columns. DocumentError says why a file cannot
    be read: it is empty, too large, damaged, locked, no text, or of a kind for which something is not installed.
    """
    data = _checked(file.path)
    ending = file.path.suffix.casefold()
    if converter in ("auto", "plain") and ending in READABLE:
        text, dropped = _plain(file.path, data)
    elif converter == "plain":
        raise DocumentError(f"{file.path}: {ending or 'no ending'} cannot be read", hint=f"read: {', '.join(READABLE)}")
    else:
        text, dropped = convert_with(converter, file.path), ()
    if not text.strip():
        raise DocumentError(f"{file.path} holds no text", hint="a scanned PDF needs text recognition first")
    return Document(file.name, text, dropped)


def convertible(name: str) -> bool:
    """Whether its ending is one that can be read, with extras or without."""
    return Path(name).suffix.casefold() in (*READABLE, *EXTRAS)


def _checked(path: Path) -> bytes:
    """The first bytes of a file that is worth opening."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(1024)
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}") from error
    if not size:
        raise DocumentError(f"{path} is empty", hint="was it saved?")
    if size > MAX_BYTES:
        hint = "divide it, or take the part that matters"
        raise DocumentError(f"{path} has {size >> 20} MiB; at most {MAX_BYTES >> 20} are read", hint=hint)
    if head.startswith(_LFS):
        hint = "nothing is fetched from LFS: keep the document itself in the repository, or download it"
        raise DocumentError(f"{path} is a pointer of Git LFS, not the document", hint=hint)
    return head


def _plain(path: Path, head: bytes) -> tuple[str, Dropped]:
    return _read_pdf(path) if path.suffix.casefold() == ".pdf" else (_read_markdown(path, head), ())


def _read_markdown(path: Path, head: bytes) -> str:
    if marked := next((name for mark, name in _MARKS.items() if head.startswith(mark)), ""):
        raise DocumentError(f"{path}:1: it is {marked}, not UTF-8", hint="save the file as UTF-8")
    if b"\0" in head:
        raise DocumentError(
            f"{path} is no text: it holds bytes that no letter has", hint="is its ending the right one?"
        )
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DocumentError(f"{path}:{line}: not UTF-8", hint="save the file as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read_pdf(path: Path) -> tuple[str, Dropped]:
    try:
        import pypdfium2
    except ImportError as error:
        raise DocumentError(
            f"{path}: reading PDF needs pypdfium2", hint='pip install "instructlab-workbench[pdf]", or convert to .md'
        ) from error
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise _unreadable(path, str(error)) from error
    with document:
        try:
            pages = [(_page_text(page), _pictures(page)) for page in document]
        except pypdfium2.PdfiumError as error:
            raise _unreadable(path, str(error)) from error
    counts = {"pages without text": sum(not text for text, _ in pages), "pictures": sum(count for _, count in pages)}
    return "\n\n".join(text for text, _ in pages if text), tuple((name, n) for name, n in counts.items() if n)


def _unreadable(path: Path, said: str) -> DocumentError:
    if "password" in said.lower():
        return DocumentError(f"{path} is locked with a password", hint="save a copy of it without one")
    return DocumentError(f"{path} is no PDF that can be read: {said}", hint="it is damaged, or its ending is wrong")


def _page_text(page: Any) -> str:
    # Line by line as printed: U+FFFE is how pdfium marks a hyphen at which a word was broken.
    text: str = page.get_textpage().get_text_bounded()
    return text.replace("\r\n", "\n").replace("\ufffe\n", "").replace("\ufffe", "").strip()


def _pictures(page: Any) -> int:
    import pypdfium2.raw

    return sum(1 for _ in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))
