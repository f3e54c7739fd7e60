import sys
from pathlib import Path

import pytest

from workbench.documents.convert import Document, convert, read_documents
from workbench.documents.sources import Origin, Place, SourceFile
from workbench.errors import DocumentError


def _file(path: Path, data: bytes) -> SourceFile:
    path.write_bytes(data)
    return SourceFile(path.name, path)


def _pdf(*pages: str) -> bytes:
    """A minimal PDF with one line of text on each page."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        content = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        resources = "/Resources << /Font << /F1 3 0 R >> >> /MediaBox [0 0 612 792]"
        objects.append(f"<< /Type /Page /Parent 2 0 R {resources} /Contents {5 + 2 * number} 0 R >>")
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    data, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
    return (data + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}").encode()


def test_markdown_is_taken_as_it_is_with_plain_line_breaks(tmp_path: Path) -> None:
    file = _file(tmp_path / "A.MD", b"\xef\xbb\xbf# T\xc3\xbcr\r\n\r\nText.\r\n")
    assert convert(file) == Document("A.MD", "# Tür\n\nText.\n")


def test_a_wrong_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"a\.md:2: not UTF-8"):
        convert(_file(tmp_path / "a.md", b"good\nb\xe4d\n"))


def test_a_pdf_gives_the_text_of_its_pages(tmp_path: Path) -> None:
    assert convert(_file(tmp_path / "a.pdf", _pdf("First page.", "Second page."))).text == "First page.\n\nSecond page."


def test_a_pdf_without_text_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="holds no text") as caught:
        convert(_file(tmp_path / "a.pdf", _pdf("")))
    assert "text recognition" in caught.value.hint


def test_a_broken_pdf_is_a_document_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"a\.pdf"):
        convert(_file(tmp_path / "a.pdf", b"%PDF-1.4 nonsense"))


def test_without_its_library_a_pdf_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(DocumentError, match="pypdfium2") as caught:
        convert(_file(tmp_path / "a.pdf", _pdf("x")))
    assert "instructlab-workbench[pdf]" in caught.value.hint


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"\.docx cannot be read"):
        convert(_file(tmp_path / "a.docx", b"x"))


def test_documents_are_fetched_and_converted_in_order(tmp_path: Path) -> None:
    leaf = tmp_path / "knowledge/piers"
    leaf.mkdir(parents=True)
    (leaf / "b.md").write_text("B")
    (leaf / "a.md").write_text("A")
    documents = read_documents(Origin(".", "HEAD", ("*.md",)), Place(tmp_path, leaf, tmp_path / "cache"))
    assert documents == [Document("a.md", "A"), Document("b.md", "B")]
    assert documents[0].digest == Document("other.md", "A").digest
