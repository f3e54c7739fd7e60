import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from zipfile import ZipFile

import pytest

from workbench.documents import converters
from workbench.documents.converters import convert_with
from workbench.errors import DocumentError


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The converters that seem to be installed; a test adds to it."""
    found: set[str] = set()
    monkeypatch.setattr(converters, "find_spec", lambda name: name if name in found else None)
    return found


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return archive(tmp_path / "a.docx")


def archive(path: Path) -> Path:
    with ZipFile(path, "w") as file:
        file.writestr("content", "Text.")
    return path


class MarkItDownError(Exception):
    pass


def markitdown(monkeypatch: pytest.MonkeyPatch, said: str) -> dict[str, Any]:
    """A package that answers with a text, or fails with one that begins with a mark."""
    given: dict[str, Any] = {}

    class Reader:
        def __init__(self, *, enable_plugins: bool) -> None:
            given["plugins"] = enable_plugins

        def convert_stream(self, stream: Any, *, stream_info: Any) -> Any:
            given["bytes"], given["extension"] = stream.read(), stream_info.extension
            if said.startswith("!"):
                raise MarkItDownError(said)
            return SimpleNamespace(markdown=said)

    module = ModuleType("markitdown")
    module.MarkItDown = Reader  # type: ignore[attr-defined]
    module.MarkItDownException = MarkItDownError  # type: ignore[attr-defined]
    module.StreamInfo = SimpleNamespace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "markitdown", module)
    return given


def test_a_file_is_read_as_a_stream_without_plugins(
    installed: set[str], document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.add("markitdown")
    given = markitdown(monkeypatch, "# A\r\n\r\nText.")
    assert convert_with("auto", document) == "# A\n\nText."
    assert given == {"plugins": False, "bytes": document.read_bytes(), "extension": ".docx"}


def test_what_a_converter_refuses_is_a_document_error(
    installed: set[str], document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.add("markitdown")
    markitdown(monkeypatch, "!no such format\nand a trace")
    with pytest.raises(DocumentError, match=r"a\.docx: markitdown cannot read it: !no such format\n"):
        convert_with("markitdown", document)


@pytest.mark.parametrize(
    ("converter", "extra"), [("auto", "documents"), ("markitdown", "documents"), ("docling", "docling")]
)
def test_what_is_not_installed_is_named_with_its_extra(
    converter: str, extra: str, installed: set[str], document: Path
) -> None:
    with pytest.raises(DocumentError, match="which is not installed") as caught:
        convert_with(converter, document)
    assert f"instructlab-workbench[{extra}]" in caught.value.hint


def test_docling_is_taken_where_it_is_what_there_is(
    installed: set[str], document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.add("docling")

    class Converter:
        def convert(self, path: Path) -> Any:
            if path.name == "b.docx":
                raise RuntimeError("bad bytes")
            return SimpleNamespace(document=SimpleNamespace(export_to_markdown=lambda: "# A"))

    module = ModuleType("docling.document_converter")
    module.DocumentConverter = Converter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "docling", ModuleType("docling"))
    monkeypatch.setitem(sys.modules, "docling.document_converter", module)
    assert convert_with("auto", document) == "# A"
    with pytest.raises(DocumentError, match="docling cannot read it: bad bytes"):
        convert_with("docling", archive(document.with_name("b.docx")))


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx", "a.epub"])
def test_what_is_no_archive_is_never_taken_for_text(name: str, installed: set[str], tmp_path: Path) -> None:
    installed.add("markitdown")
    (tmp_path / name).write_bytes(b"PK\x03\x04broken")
    with pytest.raises(DocumentError, match=f"is no {name[1:]}") as caught:
        convert_with("auto", tmp_path / name)
    assert "password" in caught.value.hint


def test_an_archive_that_unpacks_to_no_end_is_refused(
    installed: set[str], document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.add("markitdown")
    monkeypatch.setattr(converters, "_MOST_UNPACKED", 4)
    with pytest.raises(DocumentError, match="unpacks to"):
        convert_with("auto", document)


@pytest.mark.prove
def test_markitdown_keeps_headings_and_tables_of_a_page(tmp_path: Path) -> None:
    pytest.importorskip("markitdown", reason='pip install "instructlab-workbench[documents]"')
    path = tmp_path / "a.html"
    path.write_text("<h1>Piers</h1><table><tr><th>Name</th></tr><tr><td>Vel</td></tr></table>")
    assert convert_with("markitdown", path).split() == [
        "#",
        "Piers",
        "|",
        "Name",
        "|",
        "|",
        "---",
        "|",
        "|",
        "Vel",
        "|",
    ]
