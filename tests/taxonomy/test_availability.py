import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.documents.git import GitAnswer, git
from workbench.taxonomy.availability import Availability, check_documents
from workbench.taxonomy.leaf_files import new_leaf
from workbench.taxonomy.tree import Leaf

Point = Callable[..., None]


@pytest.fixture
def library(tmp_path: Path, commit: Callable[[Path], str]) -> Path:
    """A repository with a Markdown file, a text file and one that is not UTF-8."""
    folder = tmp_path / "library"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs/tools.md").write_text("# Tools\n")
    (folder / "docs/latin.md").write_bytes(b"# K\xf6ln\n")
    (folder / "notes.txt").write_text("x\n")
    (folder / "empty.md").write_text("")
    commit(folder)
    return folder


@pytest.fixture
def point(tree: Path) -> Point:
    """Makes the knowledge leaf take its documents from somewhere."""

    def to(repo: str, commit: str = "main", patterns: str = '["docs/tools.md"]') -> None:
        file = tree / KNOWLEDGE / "qna.yaml"
        head = file.read_text().split("document:\n")[0]
        file.write_text(f"{head}document:\n  repo: {repo}\n  commit: {commit}\n  patterns: {patterns}\n")

    return to


def _check(tree: Path, *, offline: bool = False) -> Availability:
    leaves = [Leaf(SKILL, tree), Leaf(KNOWLEDGE, tree)]
    return check_documents(leaves, tree.parent / "cache", offline=offline)


def _found(tree: Path, *, offline: bool = False) -> list[tuple[str, str, str, str]]:
    findings = _check(tree, offline=offline).findings
    file = (tree / KNOWLEDGE / "qna.yaml").read_text().splitlines()
    for one in findings:
        key = one.yaml_path.split(".")[-1].split("[")[0]
        assert f"  {key}: " in file[one.line - 1]
        assert one.hint
    return [(one.yaml_path, one.code, one.severity, one.message) for one in findings]


def test_documents_beside_the_leaf_are_found(tree: Path) -> None:
    available = _check(tree)
    assert [file.name for file in available.files[KNOWLEDGE]] == ["document.md"]
    assert available.findings == ()
    assert SKILL not in available.files


def test_a_repository_is_cloned_once_and_then_needs_no_network(tree: Path, library: Path, point: Point) -> None:
    point(library.as_uri(), git(library, "rev-parse", "HEAD").text)
    assert [file.name for file in _check(tree).files[KNOWLEDGE]] == ["docs/tools.md"]
    shutil.rmtree(library)
    assert _found(tree, offline=True) == []


def test_a_local_folder_is_read_as_it_is(tree: Path, library: Path, point: Point) -> None:
    shutil.rmtree(library / ".git")
    point(str(library), "HEAD")
    assert [file.name for file in _check(tree, offline=True).files[KNOWLEDGE]] == ["docs/tools.md"]


def test_offline_is_told_at_the_repository(tree: Path, library: Path, point: Point) -> None:
    point(library.as_uri())
    [(where, code, severity, message)] = _found(tree, offline=True)
    assert (where, code, severity) == (".document.repo", "documents-unavailable", "error")
    assert message.endswith("main could not be fetched: the network is switched off")


@pytest.mark.parametrize(
    ("repo", "named", "where", "message"),
    [
        ("{library}", "nowhere", ".document.commit", "nowhere could not be fetched: couldn't find remote ref nowhere"),
        ("{library}", "0123456789" * 4, ".document.commit", "could not be fetched"),
        ("{library}", "abcdef0", ".document.commit", "there is no such commit"),
        ("{library}", "a..b", ".document.commit", "cannot be a commit"),
        ("{library}-gone", "main", ".document.repo", "does not appear to be a git repository"),
        ("/nowhere/at/all", "main", ".document.repo", "there is no folder or file /nowhere/at/all"),
        ("elsewhere", "main", ".document.repo", "neither in the leaf's folder nor in the taxonomy"),
        ("../../../..", "main", ".document.repo", "leads out of the taxonomy"),
        ("ftp://example.org/a.git", "main", ".document.repo", "ftp is not allowed"),
        ('"a\\0b"', "main", ".document.repo", "cannot be read"),
    ],
)
def test_what_cannot_be_had_is_told_at_its_field(
    tree: Path, library: Path, point: Point, repo: str, named: str, where: str, message: str
) -> None:
    point(repo.replace("{library}", library.as_uri()), named)
    [found] = _found(tree)
    assert found[:3] == (where, "documents-unavailable", "error")
    assert message in found[3]


def test_a_name_and_token_stay_out_of_findings(tree: Path, point: Point) -> None:
    point("https://someone:token@example.invalid/a.git")
    [finding] = _check(tree, offline=True).findings
    assert "token" not in str(finding)


def test_patterns_that_cover_nothing_are_told(tree: Path, library: Path, point: Point) -> None:
    point(library.as_uri(), patterns='["*.md5"]')
    assert _found(tree) == [
        (".document.patterns", "documents-unmatched", "error", "no file is covered by *.md5"),
    ]
    point(library.as_uri(), patterns='["docs/t*.md", "*.rst"]')
    assert _found(tree) == [
        (".document.patterns[1]", "documents-unmatched", "warning", "no file is covered by *.rst"),
    ]
    point(library.as_uri(), patterns='["../*.md"]')
    assert _found(tree)[0][:2] == (".document.patterns", "documents-unavailable")


def test_a_repo_that_is_one_file_needs_no_pattern(tree: Path, point: Point) -> None:
    point("document.md", patterns='["*.pdf"]')
    assert _found(tree) == []


def test_files_that_cannot_be_read_are_told_at_their_pattern(tree: Path, library: Path, point: Point) -> None:
    point(library.as_uri(), patterns='["docs/*.md", "*"]')
    assert [one.name for one in _check(tree).files[KNOWLEDGE]] == ["docs/tools.md"]
    assert _found(tree) == [
        (".document.patterns[0]", "documents-unreadable", "error", "docs/latin.md:1: not UTF-8"),
        (".document.patterns[1]", "documents-unreadable", "error", "empty.md is empty"),
        (".document.patterns[1]", "documents-unreadable", "error", "notes.txt is neither Markdown nor PDF"),
    ]


def test_a_source_that_failed_is_not_asked_again(
    tree: Path, library: Path, point: Point, monkeypatch: pytest.MonkeyPatch
) -> None:
    point(f"{library.as_uri()}-gone")
    second = new_leaf(tree, "knowledge", "town/second").leaf
    shutil.copyfile(tree / KNOWLEDGE / "qna.yaml", second.qna_file)
    calls: list[object] = []

    def counted(*arguments: Any, **more: Any) -> GitAnswer:
        calls.append(arguments)
        return git(*arguments, **more)

    monkeypatch.setattr("workbench.documents.repositories.git", counted)
    _check(tree)
    once = len(calls)
    found = check_documents([Leaf(KNOWLEDGE, tree), second], tree.parent / "cache")
    assert len(calls) == 2 * once
    assert [finding.path for finding in found.findings] == [f"{KNOWLEDGE}/qna.yaml", f"{second.path}/qna.yaml"]


def test_a_leaf_that_names_no_document_is_for_the_schema_to_judge(tree: Path) -> None:
    for text in ("version: 3\n", "a: b: c\n", "document: 3\n", 'document: {repo: "", commit: a, patterns: ["a"]}\n'):
        (tree / KNOWLEDGE / "qna.yaml").write_text(text)
        assert _check(tree) == Availability()


def test_a_loop_of_links_is_told(tree: Path, point: Point) -> None:
    (tree / "loop").symlink_to("loop")
    point("loop")
    assert _found(tree)[0][:2] == (".document.repo", "documents-unavailable")
