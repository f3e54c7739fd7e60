from pathlib import Path

import pytest

from workbench.documents.git import git
from workbench.documents.sources import Origin, Place, covered, fetch, is_readable, is_remote
from workbench.errors import DocumentError


@pytest.fixture
def place(tmp_path: Path) -> Place:
    leaf = tmp_path / "taxonomy/knowledge/piers"
    leaf.mkdir(parents=True)
    (leaf / "piers.md").write_text("# Piers\n")
    (leaf / "qna.yaml").write_text("version: 3\n")
    (tmp_path / "taxonomy/shared.md").write_text("# Shared\n")
    return Place(tmp_path / "taxonomy", leaf, tmp_path / "cache")


def _names(place: Place, repo: str, *patterns: str, commit: str = "HEAD") -> list[str]:
    return [file.name for file in fetch(Origin(repo, commit, patterns or ("*.md",)), place)]


def test_a_leaf_s_own_folder_comes_first(place: Place) -> None:
    assert _names(place, ".") == ["piers.md"]


def test_then_comes_the_taxonomy_s_root(place: Place) -> None:
    assert _names(place, ".", "shared.md") == ["shared.md"]
    assert _names(place, "knowledge/piers") == ["piers.md"]


def test_a_change_not_committed_is_read(place: Place) -> None:
    git(place.taxonomy, "init", "--quiet")
    (place.leaf / "new.md").write_text("# New\n")
    assert _names(place, ".") == ["new.md", "piers.md"]
    assert _names(place, str(place.taxonomy), "**/new.md") == ["knowledge/piers/new.md"]


def test_one_file_is_a_source(place: Place) -> None:
    assert _names(place, "piers.md") == ["piers.md"]
    assert _names(place, str(place.leaf / "piers.md")) == ["piers.md"]


def test_a_folder_without_git_is_read_as_it_is(place: Place, tmp_path: Path) -> None:
    (tmp_path / "folder/deep").mkdir(parents=True)
    (tmp_path / "folder/deep/A.MD").write_text("x")
    assert _names(place, str(tmp_path / "folder"), "**/*") == ["deep/A.MD"]


def test_a_local_repository_is_read_at_its_commit(place: Place, upstream: Path) -> None:
    first = git(upstream, "rev-parse", "HEAD~1").text
    [file] = fetch(Origin(str(upstream), first, ("docs/*.md",)), place)
    assert "First text" in file.path.read_text()
    [file] = fetch(Origin(upstream.as_uri(), "HEAD", ("docs/*.md",)), place)
    assert "Second text" in file.path.read_text()


@pytest.mark.parametrize("repo", ["../..", "../../../..", "knowledge/../.."])
def test_a_relative_path_out_of_the_taxonomy_is_refused(place: Place, repo: str) -> None:
    outside = place.taxonomy / "knowledge/../.."
    (outside / "secret.md").write_text("secret")
    with pytest.raises(DocumentError):
        _names(place, repo, "secret.md")


def test_a_link_out_of_the_folder_is_refused(place: Place, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (place.leaf / "link.md").symlink_to(tmp_path / "secret.md")
    with pytest.raises(DocumentError, match="refused"):
        _names(place, ".")


def test_a_transport_outside_the_list_is_refused(place: Place) -> None:
    with pytest.raises(DocumentError, match="ftp is not allowed"):
        _names(place, "ftp://example.org/a.git")


@pytest.mark.parametrize("repo", ["--upload-pack=x", "ext::sh -c id", "nowhere"])
def test_what_is_no_url_is_only_ever_a_folder(place: Place, repo: str) -> None:
    with pytest.raises(DocumentError, match="neither in the leaf's folder"):
        _names(place, repo)


def test_no_match_names_the_patterns(place: Place) -> None:
    with pytest.raises(DocumentError, match=r"no file is covered by \*\.rst"):
        _names(place, ".", "*.rst")
    with pytest.raises(DocumentError, match=r"no Markdown or PDF, but qna\.yaml"):
        _names(place, ".", "qna.yaml")


def test_a_missing_absolute_path_is_told(place: Place) -> None:
    with pytest.raises(DocumentError, match="there is no folder or file /nowhere"):
        _names(place, "/nowhere")


def test_which_sources_need_a_network() -> None:
    assert is_remote("https://example.org/a.git")
    assert is_remote("git@example.org:a.git")
    assert not is_remote(".")
    assert not is_remote("file:///srv/a.git")


def test_all_that_is_covered_can_be_asked_for(place: Place) -> None:
    (place.leaf / "notes.txt").write_text("x")
    names = [file.name for file in covered(Origin(".", "HEAD", ("*",)), place)]
    assert names == ["notes.txt", "piers.md", "qna.yaml"]
    assert [name for name in names if is_readable(name)] == ["piers.md"]
    assert covered(Origin(".", "HEAD", ("*.rst",)), place) == []


@pytest.mark.parametrize(
    ("repo", "pattern", "field"),
    [
        ("ftp://example.org/a.git", "*.md", "repo"),
        ("nowhere", "*.md", "repo"),
        ("/nowhere", "*.md", "repo"),
        ("../../../..", "*.md", "repo"),
        (".", "../*.md", "patterns"),
        (".", "*.rst", "patterns"),
        (".", "qna.yaml", "patterns"),
    ],
)
def test_an_error_says_which_field_leads_nowhere(place: Place, repo: str, pattern: str, field: str) -> None:
    with pytest.raises(DocumentError) as caught:
        _names(place, repo, pattern)
    assert caught.value.field == field
    assert caught.value.hint


def test_a_user_s_token_stays_out_of_messages(place: Place, upstream: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        _names(place, "gopher://someone:token@example.org/a.git")
    assert "token" not in caught.value.message
