"""Readers of other formats, each an extra that is imported when it is wanted."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from workbench.errors import DocumentError

# What markitdown reads without a service of its own; docling reads these as well.
EXTRAS = (".docx", ".pptx", ".xlsx", ".html", ".htm", ".epub", ".csv")

_ZIPPED = (".docx", ".pptx", ".xlsx", ".epub")
_MOST_UNPACKED = 2**30


def convert_with(converter: str, path: Path) -> str:
    """Markdown by `markitdown` or `docling`; `auto` takes the one that is installed.

    DocumentError says what is not installed, or why the file cannot be read.
    """
    chosen = _chosen() if converter == "auto" else converter
    if not chosen or not find_spec(chosen):
        wanted = chosen or "markitdown or docling"
        extra = "docling" if chosen == "docling" else "documents"
        raise DocumentError(
            f"{path}: {path.suffix or 'no ending'} cannot be read: it needs {wanted}, which is not installed",
            hint=f'pip install "instructlab-workbench[{extra}]", or convert it to .md',
        )
    if path.suffix.casefold() in _ZIPPED:
        _check_archive(path)
    text: str = (_with_markitdown if chosen == "markitdown" else _with_docling)(path)
    return text.replace("\r\n", "\n")


def _check_archive(path: Path) -> None:
    """A reader that finds no archive would take its bytes for letters, and one that unpacks to no end never ends."""
    try:
        with ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except BadZipFile as error:
        kind = path.suffix.casefold()
        raise DocumentError(f"{path} is no {kind}", hint="it is damaged, locked with a password, or older") from error
    if size > _MOST_UNPACKED:
        raise DocumentError(f"{path} unpacks to {size >> 20} MiB; at most {_MOST_UNPACKED >> 20} are read")


def _chosen() -> str:
    return next((name for name in ("markitdown", "docling") if find_spec(name)), "")


def _with_markitdown(path: Path) -> str:
    from markitdown import MarkItDown, MarkItDownException, StreamInfo

    try:
        # A stream is opened as what it is: a path or an address inside a document is never followed.
        with path.open("rb") as file:
            found: Any = MarkItDown(enable_plugins=False).convert_stream(
                file, stream_info=StreamInfo(extension=path.suffix)
            )
    except (MarkItDownException, ValueError, KeyError, OSError) as error:
        raise _refused("markitdown", path, error) from error
    return str(found.markdown)


def _with_docling(path: Path) -> str:
    from docling.document_converter import DocumentConverter

    try:
        return str(DocumentConverter().convert(path).document.export_to_markdown())
    except (RuntimeError, ValueError, OSError) as error:
        raise _refused("docling", path, error) from error


def _refused(converter: str, path: Path, error: Exception) -> DocumentError:
    said = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    return DocumentError(f"{path}: {converter} cannot read it: {said}", hint="is it damaged, or locked?")
