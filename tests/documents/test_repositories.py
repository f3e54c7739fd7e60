import shutil
from pathlib import Path

import pytest

from workbench.documents import repositories
from workbench.documents.git import GitAnswer, git
from workbench.documents.repositories import Repository
from workbench.errors import DocumentError


def _text(repository: Repository, commit: str, *, offline: bool = False) -> str:
    [(name, path)] = repository.files(commit, ["docs/*.md"], offline=offline)
    assert name == "docs/piers.md"
    return path.read_text()


def test_the_files_are_those_of_the_commit(upstream: Path, tmp_path: Path) -> None:
    repository = Repository.cached(str(upstream), tmp_path / "cache")
    first = git(upstream, "rev-parse", "HEAD~1").text
    assert "First text" in _text(repository, first)
    assert "Second text" in _text(repository, "main")
    assert "First text" in _text(repository, first[:9])


def test_only_the_commit_asked_for_is_fetched(upstream: Path, tmp_path: Path) -> None:
    repository = Repository.cached(upstream.as_uri(), tmp_path / "cache")
    _text(repository, git(upstream, "rev-parse", "HEAD").text)
    known = git(repository.objects, "rev-parse", "--verify", "--quiet", git(upstream, "rev-parse", "HEAD~1").text)
    assert not git(repository.objects, "cat-file", "-e", known.text or "HEAD~1").ok


def test_what_was_fetched_once_needs_its_source_no_more(upstream: Path, tmp_path: Path) -> None:
    repository = Repository.cached(str(upstream), tmp_path / "cache")
    commit = git(upstream, "rev-parse", "HEAD").text
    _text(repository, commit)
    _text(repository, "main")
    shutil.rmtree(upstream)
    assert "Second text" in _text(repository, commit)
    assert "Second text" in _text(repository, "main")
    assert "Second text" in _text(repository, commit, offline=True)


def test_a_branch_that_moved_on_is_read_anew(upstream: Path, tmp_path: Path) -> None:
    from tests.documents.conftest import commit

    repository = Repository.cached(str(upstream), tmp_path / "cache")
    _text(repository, "main")
    (upstream / "docs/piers.md").write_text("Third text.\n")
    commit(upstream)
    assert "Third text" in _text(repository, "main")


def test_offline_and_never_fetched_says_what_to_do(upstream: Path, tmp_path: Path) -> None:
    repository = Repository.cached("https://token@example.invalid/a.git", tmp_path / "cache")
    with pytest.raises(DocumentError, match="switched off") as caught:
        repository.files("main", ["*.md"], offline=True)
    assert "token" not in caught.value.message
    assert "repo: ." in caught.value.hint


def test_a_source_that_is_not_there_is_a_document_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="could not be fetched"):
        Repository.cached(str(tmp_path / "nowhere"), tmp_path / "cache").files("main", ["*.md"])


@pytest.mark.parametrize("commit", ["--upload-pack=touch x", "a..b", "", "a b", "HEAD^{commit}", "x:y"])
def test_a_commit_that_could_be_an_option_or_a_range_is_refused(commit: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be a commit"):
        Repository.cached("https://example.invalid", tmp_path / "cache").files(commit, ["*.md"])
    assert not (tmp_path / "cache").exists()


def test_links_of_a_foreign_repository_are_never_followed(upstream: Path, tmp_path: Path) -> None:
    assert Repository.cached(str(upstream), tmp_path / "cache").files("main", ["*.md"]) == []


def test_a_lock_left_by_a_killed_process_is_no_obstacle(upstream: Path, tmp_path: Path) -> None:
    repository = Repository.cached(upstream.as_uri(), tmp_path / "cache")
    repository.objects.mkdir(parents=True)
    (repository.objects / "shallow.lock").touch()
    assert "Second text" in _text(repository, "main")


def test_an_error_tells_a_missing_commit_from_a_missing_repository(upstream: Path, tmp_path: Path) -> None:
    fields = []
    for address, commit in (
        (upstream.as_uri(), "nowhere"),
        (upstream.as_uri(), "0123456789" * 4),
        (upstream.as_uri(), "a..b"),
        (f"{upstream.as_uri()}-gone", "main"),
    ):
        with pytest.raises(DocumentError) as caught:
            Repository.cached(address, tmp_path / "cache").files(commit, ["*.md"])
        fields.append(caught.value.field)
    assert fields == ["commit", "commit", "commit", "repo"]


@pytest.mark.parametrize(
    "address",
    ["--upload-pack=touch x", "ssh://-oProxyCommand=touch/x", "git@-oProxyCommand=x:y", "https://a.example/b\nhost=c"],
)
def test_an_address_that_could_be_an_option_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be an address"):
        Repository.cached(address, tmp_path / "cache").files("main", ["*.md"])
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://a.example/b", "http:https"),
        ("git://a.example/b", "git"),
        ("file:///a/b", "file"),
        ("/a/b", "file"),
        ("git@a.example:b", "ssh"),
    ],
)
def test_only_the_transport_of_the_address_is_open(
    address: str, allowed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    def fake(folder: Path, *arguments: str, environment: dict[str, str]) -> GitAnswer:
        given.append(environment["GIT_ALLOW_PROTOCOL"])
        return GitAnswer(1, b"", "no")

    monkeypatch.setattr(repositories, "git", fake)
    with pytest.raises(DocumentError):
        Repository.cached(address, tmp_path / "cache").files("main", ["*.md"])
    assert set(given) == {allowed}


def test_a_submodule_and_a_filter_of_a_foreign_repository_take_no_effect(upstream: Path, tmp_path: Path) -> None:
    from tests.documents.conftest import WHO

    marker = tmp_path / "ran"
    (upstream / ".gitattributes").write_text("*.md filter=evil\n")
    git(upstream, "config", "filter.evil.smudge", f"touch {marker}")
    git(upstream, "config", "filter.evil.clean", "cat")
    hash_ = git(upstream, "rev-parse", "HEAD").text
    git(upstream, "update-index", "--add", "--cacheinfo", f"160000,{hash_},docs/sub.md")
    (upstream / ".gitmodules").write_text(f'[submodule "sub"]\npath = docs/sub.md\nurl = ext::touch {marker}\n')
    git(upstream, "add", ".gitattributes", ".gitmodules")
    assert git(upstream, *WHO, "commit", "--quiet", "--message=x").ok
    assert "Second text" in _text(Repository.cached(upstream.as_uri(), tmp_path / "cache"), "main")
    assert not marker.exists()
