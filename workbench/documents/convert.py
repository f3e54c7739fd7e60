"""The text of a document as Markdown."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbench.documents.sources import READABLE, Origin, Place, SourceFile, fetch
from workbench.errors import DocumentError
from workbench.records import digest_bytes


@dataclass(frozen=True)
class Document:
    """`text` is Markdown with plain line breaks; `name` is the posix path in its repository."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        return digest_bytes(self.text.encode())


def read_documents(origin: Origin, place: Place, *, offline: bool = False) -> list[Document]:
    """Fetched and converted, sorted by name."""
    return [convert(file) for file in fetch(origin, place, offline=offline)]


def convert(file: SourceFile) -> Document:
    """Read by the file's ending; of a PDF its pages' text without tables. DocumentError says why it cannot be."""
    ending = file.path.suffix.casefold()
    if ending not in _READERS:
        raise DocumentError(f"{file.path}: {ending or 'no ending'} cannot be read", hint=f"read: {', '.join(READABLE)}")
    text = _READERS[ending](file.path)
    if not text.strip():
        raise DocumentError(f"{file.path} holds no text", hint="a scanned PDF needs text recognition first")
    return Document(file.name, text)


def _read_markdown(path: Path) -> str:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DocumentError(f"{path}:{line}: not UTF-8", hint="save the file as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read_pdf(path: Path) -> str:
    try:
        import pypdfium2
    except ImportError as error:
        raise DocumentError(
            f"{path}: reading PDF needs pypdfium2", hint='pip install "instructlab-workbench[pdf]", or convert to .md'
        ) from error
    try:
        pages = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(f"{path}: {error}", hint="is it damaged, or locked with a password?") from error
    with pages:
        return "\n\n".join(text for page in pages if (text := _page_text(page)))


def _page_text(page: object) -> str:
    # Line by line as printed: U+FFFE is how pdfium marks a hyphen at which a word was broken.
    text: str = page.get_textpage().get_text_bounded()  # type: ignore[attr-defined]
    return text.replace("\r\n", "\n").replace("\ufffe\n", "").replace("\ufffe", "").strip()


_READERS: dict[str, Callable[[Path], str]] = {".md": _read_markdown, ".pdf": _read_pdf}
