import json
from pathlib import Path

import pytest

from tests.documents.conftest import commit
from workbench.cli.main import answer
from workbench.documents.git import git
from workbench.records import read_jsonl

Out = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "papers"
    (root / "more").mkdir(parents=True)
    (root / "piers.md").write_text("# Piers\n\nPier One is made of oak. It is old.\n\n# Empty\n\n# Quays\n\nNone.\n")
    (root / "more" / "MASTS.MD").write_text("# Masts\n\nThey are tall.\n")
    (root / "picture.png").write_bytes(b"\x89PNG")
    return root


def test_documents_of_a_folder_are_listed_and_copied(folder: Path, tmp_path: Path, capsys: Out) -> None:
    assert answer(["documents", "fetch", str(folder), "--output", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["path"]) for one in found] == [
        ("more/MASTS.MD", str(folder / "more/MASTS.MD")),
        ("piers.md", str(folder / "piers.md")),
    ]
    assert answer(["documents", "fetch", str(folder), "--target", str(tmp_path / "copy"), "--pattern", "*"]) == 0
    assert "left out, as nothing reads them: 1 .png" in capsys.readouterr().err
    assert (tmp_path / "copy/piers.md").read_bytes() == (folder / "piers.md").read_bytes()


def test_a_repository_is_read_at_its_commit(folder: Path, capsys: Out) -> None:
    git(folder, "init", "--quiet", "--initial-branch=main")
    first = commit(folder)
    (folder / "piers.md").write_text("# New\n\nText.\n")
    convert = ["documents", "convert", "--pattern", "piers.md"]
    assert answer([*convert, folder.as_uri(), "--commit", first]) == 0
    assert capsys.readouterr().out.startswith("# Piers")
    assert answer([*convert, str(folder), "--commit", first]) == 0
    assert capsys.readouterr().out.startswith("# Piers")
    assert answer([*convert, str(folder)]) == 0
    assert capsys.readouterr().out.startswith("# New"), "without a commit a folder is read as it is"


def test_a_file_becomes_markdown_on_the_terminal_or_in_a_file(folder: Path, tmp_path: Path, capsys: Out) -> None:
    assert answer(["documents", "convert", str(folder / "piers.md")]) == 0
    assert capsys.readouterr().out.startswith("# Piers\n")
    target = tmp_path / "made.md"
    assert answer(["documents", "convert", str(folder / "piers.md"), "--target", str(target)]) == 0
    assert target.read_text() == (folder / "piers.md").read_text()
    assert answer(["documents", "convert", str(folder), "--target", str(tmp_path / "all"), "--output", "json"]) == 0
    out = capsys.readouterr().out
    assert [one["characters"] for one in json.loads(out[out.index("[") :])] == [24, 70]
    assert (tmp_path / "all/more/MASTS.md").is_file()


def test_what_can_be_read_is_written_although_something_cannot(folder: Path, tmp_path: Path, capsys: Out) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 nonsense")
    (folder / "latin.md").write_bytes(b"Gr\xfc\xdfe")
    assert answer(["documents", "convert", str(folder), "--target", str(tmp_path / "all")]) == 1
    said = capsys.readouterr().err
    assert "2 of 4 documents cannot be read:" in said
    assert f"{folder}/broken.pdf is no PDF that can be read" in said
    assert f"{folder}/latin.md:1: not UTF-8" in said
    assert (tmp_path / "all/piers.md").is_file()


def test_chunks_are_counted_with_the_models_tokens(folder: Path, tmp_path: Path, capsys: Out) -> None:
    target = tmp_path / "chunks.jsonl"
    chunk = ["documents", "chunk", str(folder / "piers.md"), "--one-section", "--target", str(target)]
    assert answer(chunk) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].split() == ["document", "chunk", "tokens", "headings"]
    assert "2 chunks of 1 documents" in out
    assert err == "not whole, or left out: 1 headings without text\n"
    rows = list(read_jsonl(target))
    assert [row["headings"] for row in rows] == [["Piers"], ["Quays"]]
    assert all(3 < row["tokens"] < 40 for row in rows)
    assert answer([*chunk, "--max-tokens", "12", "--output", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert max(one["tokens"] for one in found) <= 12
    assert len(found) > 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["convert", "nowhere.md"], 2, "there is no file or folder"),
        (["fetch", "ext::sh -c x"], 2, "there is no file or folder"),
        (["fetch", "ftp://a.example/b"], 1, "ftp is not allowed"),
        (["fetch", "https://a.example/b.git", "--offline"], 1, "the network is switched off"),
        (["fetch", "https://a.example/b.git", "--commit=--upload-pack=x"], 1, "cannot be a commit"),
        (["chunk", ".", "--max-tokens", "20", "--overlap", "15", "--pattern", "piers.md"], 2, "overlap is 15"),
        (["convert", "."], 2, "cannot be printed as one"),
        (["convert", ".", "--target", "one.md"], 2, "do not fit into one.md"),
        (["fetch", ".", "--pattern", "*.xyz"], 1, "no document is covered"),
    ],
)
def test_what_cannot_be_done_is_told(
    arguments: list[str], code: int, said: str, folder: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert answer(["documents", *arguments]) == code
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
