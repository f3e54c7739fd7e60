import sys
from pathlib import Path

import pytest

from workbench.documents import converters
from workbench.documents.convert import Document, convert, convertible, read_documents
from workbench.documents.repositories import MAX_BYTES
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


@pytest.mark.parametrize("converter", ["auto", "plain"])
def test_another_ending_needs_an_extra(converter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converters, "find_spec", lambda name: None)
    with pytest.raises(DocumentError, match=r"\.docx cannot be read") as caught:
        convert(_file(tmp_path / "a.docx", b"x"), converter)
    assert ("instructlab-workbench[documents]" in caught.value.hint) == (converter == "auto")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.md", b"", "is empty"),
        ("a.pdf", b"", "is empty"),
        ("a.md", b"# Title\n\0\x01\x02", "is no text"),
        ("a.md", "# Title".encode("utf-16"), "it is UTF-16, not UTF-8"),
        ("a.md", b"\x89PNG\r\n\x1a\n\0\0", "is no text"),
        ("a.md", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "pointer of Git LFS"),
        ("a.pdf", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "pointer of Git LFS"),
        ("a.pdf", b"<html>not found</html>", "is no PDF that can be read"),
        ("a.md", b" \n\n", "holds no text"),
    ],
)
def test_what_cannot_be_read_says_why(name: str, data: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=said) as caught:
        convert(_file(tmp_path / name, data))
    assert str(tmp_path / name) in caught.value.message
    assert caught.value.hint


def test_a_locked_pdf_says_so(tmp_path: Path) -> None:
    # The user's and the owner's entry are no hashes of an empty password.
    locked = "<< /Filter /Standard /V 1 /R 2 /P -4 /O <" + "ab" * 32 + "> /U <" + "cd" * 32 + "> >>"
    data = _pdf("Secret.").replace(b"/Root 1 0 R", f"/Root 1 0 R /Encrypt {locked} /ID [<00> <00>]".encode())
    with pytest.raises(DocumentError, match="locked with a password"):
        convert(_file(tmp_path / "a.pdf", data))


def test_a_huge_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.md"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
        file.write(b"# Title")
    with pytest.raises(DocumentError, match="has 64 MiB; at most 64 are read"):
        convert(SourceFile("a.md", path))


def test_what_a_pdf_loses_is_counted(tmp_path: Path) -> None:
    document = convert(_file(tmp_path / "a.pdf", _pdf("First.", "", "Third.")))
    assert document.text == "First.\n\nThird."
    assert document.dropped == (("pages without text", 1),)
    assert convert(_file(tmp_path / "b.md", b"Text.")).dropped == ()


def test_pictures_of_a_pdf_are_counted(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    drawing = Figure()
    drawing.text(0.1, 0.9, "The light of Vel Marin")
    drawing.add_subplot().imshow([[0, 1], [1, 0]])
    drawing.savefig(tmp_path / "a.pdf")
    document = convert(SourceFile("a.pdf", tmp_path / "a.pdf"))
    assert "The light of Vel Marin" in document.text
    assert document.dropped == (("pictures", 1),)


def test_endings_that_some_reader_knows() -> None:
    assert all(map(convertible, ("a.md", "b.PDF", "c.docx", "d/e.html")))
    assert not any(map(convertible, ("a.png", "md", "b.exe")))


def test_documents_are_fetched_and_converted_in_order(tmp_path: Path) -> None:
    leaf = tmp_path / "knowledge/piers"
    leaf.mkdir(parents=True)
    (leaf / "b.md").write_text("B")
    (leaf / "a.md").write_text("A")
    documents = read_documents(Origin(".", "HEAD", ("*.md",)), Place(tmp_path, leaf, tmp_path / "cache"))
    assert documents == [Document("a.md", "A"), Document("b.md", "B")]
    assert documents[0].digest == Document("other.md", "A").digest
