from collections.abc import Callable
from pathlib import Path

import pytest

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.documents.repositories import Repository
from workbench.errors import NotFoundError, TaxonomyError
from workbench.taxonomy.findings import Findings
from workbench.taxonomy.leaf_files import new_leaf
from workbench.taxonomy.lint import LintRules
from workbench.taxonomy.tree import Leaf, read_taxonomy
from workbench.taxonomy.validation import check_file, check_leaf, check_leaves, check_taxonomy, require_valid


def test_starting_files_have_no_findings(tree: Path) -> None:
    assert check_taxonomy(read_taxonomy(tree)) == Findings()


def test_the_outermost_level_has_keys(tmp_path: Path) -> None:
    (tmp_path / "qna.yaml").write_text("- 1\n")
    assert [finding.code for finding in check_file(tmp_path / "qna.yaml")] == ["not-a-mapping"]


def test_the_style_of_version_1_is_left_alone(tree: Path) -> None:
    file = tree / SKILL / "qna.yaml"
    file.write_text(file.read_text().replace("version: 3\n", "").replace("created_by: ", "created_by:   ") + "\n\n\n")
    assert check_file(file) == Findings()


def test_another_file_name_is_an_error_by_itself_and_a_warning_in_a_tree(tree: Path) -> None:
    file = (tree / SKILL / "qna.yaml").rename(tree / SKILL / "qna.yml")
    assert [finding.severity for finding in check_file(file)] == ["error"]
    [found] = check_taxonomy(read_taxonomy(tree))
    assert found.hint == f"git mv {SKILL}/qna.yml {SKILL}/qna.yaml"
    assert found.severity == "warning"


def test_leaves_that_upstream_ignores_are_told(tree: Path) -> None:
    for name in ("a", "b c"):
        (tree / "foundational_skills" / name).mkdir(parents=True)
        (tree / "foundational_skills" / name / "qna.yaml").write_text("version: 1\n")
    first, second = check_taxonomy(read_taxonomy(tree))
    assert (first.code, first.severity, first.path) == (
        "foundational-skills",
        "warning",
        "foundational_skills/a/qna.yaml",
    )
    assert second.hint == "git mv 'foundational_skills/b c' 'compositional_skills/b c'"


def test_a_link_to_nowhere_is_a_finding(tree: Path) -> None:
    file = tree / SKILL / "qna.yaml"
    file.unlink()
    file.symlink_to(tree / "nowhere/qna.yaml")
    assert [finding.code for finding in check_leaf(Leaf(SKILL, tree))] == ["unreadable"]


def test_no_file_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file"):
        check_file(tmp_path / "qna.yaml")


def test_a_stage_refuses_to_go_on_with_errors(tree: Path) -> None:
    require_valid(check_taxonomy(read_taxonomy(tree)))
    file = tree / KNOWLEDGE / "qna.yaml"
    file.write_text(file.read_text().replace("version: 3", "version: 2"))
    with pytest.raises(TaxonomyError, match=f"1 error\n{KNOWLEDGE}/qna.yaml:1:10"):
        require_valid(check_taxonomy(read_taxonomy(tree)))


def test_what_is_no_file_is_a_finding_too(tmp_path: Path) -> None:
    (tmp_path / "qna.yaml").mkdir()
    assert [finding.code for finding in check_file(tmp_path / "qna.yaml")] == ["unreadable"]
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert [finding.severity for finding in check_file(tmp_path / "loop")] == ["error"]


def _edited(tree: Path, leaf: str, old: str, new: str) -> None:
    file = tree / leaf / "qna.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


def test_a_context_is_looked_for_in_the_documents_beside_it(tree: Path) -> None:
    (tree / KNOWLEDGE / "document.md").write_text("# Nothing of this\n")
    found = check_taxonomy(read_taxonomy(tree))
    assert {finding.code for finding in found} == {"context-not-in-document"}
    assert [finding.yaml_path for finding in found] == [f".seed_examples[{number}].context" for number in range(5)]


@pytest.mark.parametrize("data", [b"\xe4", b" \n", None])
def test_where_a_document_cannot_be_read_nothing_is_compared(data: bytes | None, tree: Path) -> None:
    (tree / KNOWLEDGE / "document.md").unlink()
    if data is not None:
        (tree / KNOWLEDGE / "document.md").write_bytes(data)
    assert check_taxonomy(read_taxonomy(tree)) == Findings()


def test_with_a_pdf_among_the_documents_only_the_mixture_is_told(tree: Path) -> None:
    (tree / KNOWLEDGE / "document.md").write_text("# Nothing of this\n")
    (tree / KNOWLEDGE / "document.pdf").write_bytes(b"%PDF-1.4")
    _edited(tree, KNOWLEDGE, '"*.md"', '"document.*"')
    [found] = check_taxonomy(read_taxonomy(tree))
    assert (found.code, found.yaml_path) == ("mixed-documents", ".document.patterns")


def test_documents_fetched_before_are_compared_and_others_never_fetched(
    tree: Path, tmp_path: Path, commit: Callable[[Path], str]
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/document.md").write_text("# Nothing of this\n")
    revision, address = commit(tmp_path / "source"), f"file://{tmp_path}/source"
    _edited(tree, KNOWLEDGE, "  repo: .\n  commit: HEAD", f"  repo: {address}\n  commit: {revision}")
    cache = tmp_path / "cache"
    leaf = Leaf(KNOWLEDGE, tree)
    assert check_leaf(leaf, cache=cache) == Findings()
    Repository.cached(address, cache).files(revision, ["*.md"])
    (tmp_path / "source").rename(tmp_path / "gone")
    assert {finding.code for finding in check_leaf(leaf, cache=cache)} == {"context-not-in-document"}
    assert check_leaf(leaf) == Findings()


@pytest.mark.parametrize(
    ("repo", "commit", "nagged"),
    [
        (".", "HEAD", False),
        ("../documents", "main", False),
        ("/srv/documents", "HEAD", False),
        ("https://example.org/a.git", "main", True),
        ("https://example.org/a.git", "0123456", True),
        ("https://example.org/a.git", "v1.0", True),
        ("https://example.org/a.git", "0123456789abcdef0123456789abcdef01234567", False),
        ("git@example.org:a/b.git", "HEAD", True),
        ("file:///srv/a.git", "main", True),
    ],
)
def test_only_a_repository_s_commit_has_to_be_a_full_hash(repo: str, commit: str, nagged: bool, tree: Path) -> None:
    _edited(tree, KNOWLEDGE, "repo: .", f"repo: {repo}")
    _edited(tree, KNOWLEDGE, "commit: HEAD", f'commit: "{commit}"')
    found = [finding.yaml_path for finding in check_file(tree / KNOWLEDGE / "qna.yaml")]
    assert found == ([".document.commit"] if nagged else [])


def test_a_token_in_an_address_is_not_repeated_in_the_hint(tree: Path) -> None:
    _edited(tree, KNOWLEDGE, "repo: .", "repo: https://ada:" + "tok3n@" + "example.org/a.git")
    found = check_file(tree / KNOWLEDGE / "qna.yaml")
    assert {finding.code for finding in found} == {"commit-hash", "secret"}
    assert "tok3n" not in found.text()


def test_the_same_file_is_judged_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for leaf in (SKILL, KNOWLEDGE):
        _edited(tree, leaf, "created_by: ", "created_by:  ")
    (tree / KNOWLEDGE / "document.md").write_text("# Nothing of this\n")
    taxonomy = read_taxonomy(tree)
    first = check_taxonomy(taxonomy)
    assert {finding.code for finding in first} == {"lint-colons", "context-not-in-document"}
    with monkeypatch.context() as broken:
        broken.setattr("workbench.taxonomy.validation.decode_yaml", None)
        assert check_taxonomy(taxonomy) == first


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda leaf: leaf.qna_file.write_bytes(leaf.qna_file.read_bytes() + b"\n"), "lint-empty-lines"),
        (lambda leaf: (leaf.folder / "document.md").write_text("# Nothing\n"), "context-not-in-document"),
        (lambda leaf: leaf.attribution_file.unlink(), "attribution-missing"),
        (lambda leaf: leaf.attribution_file.write_text("\n"), "attribution-empty"),
        (lambda leaf: leaf.folder.rename(leaf.folder.with_name("tool library")), "folder-blank"),
    ],
)
def test_what_changed_is_judged_anew(change: Callable[[Leaf], object], code: str, tree: Path) -> None:
    assert check_taxonomy(read_taxonomy(tree)) == Findings()
    change(Leaf(KNOWLEDGE, tree))
    assert {finding.code for finding in check_taxonomy(read_taxonomy(tree))} == {code}


def test_the_same_bytes_of_another_kind_or_by_other_rules_are_judged_anew(tree: Path) -> None:
    assert check_taxonomy(read_taxonomy(tree)) == Findings()
    (tree / "knowledge/clocks").mkdir()
    for name in ("qna.yaml", "attribution.txt"):
        (tree / "knowledge/clocks" / name).write_bytes((tree / SKILL / name).read_bytes())
    found = check_leaf(Leaf("knowledge/clocks", tree))
    assert {finding.code for finding in found} == {"missing-key", "unknown-key"}
    assert {finding.path for finding in found} == {"knowledge/clocks/qna.yaml"}
    rules = LintRules("rules: {line-length: {max: 20}}")
    assert {finding.code for finding in check_leaf(Leaf(SKILL, tree), rules)} == {"lint-line-length"}
    assert check_leaf(Leaf(SKILL, tree)) == Findings()


def test_a_kept_finding_is_shown_at_its_own_path(tree: Path) -> None:
    new_leaf(tree, "skill", "writing/letters")
    for path in (SKILL, "compositional_skills/writing/letters"):
        _edited(tree, path, "created_by: ", "created_by:  ")
    found = check_leaves(read_taxonomy(tree))
    assert [finding.path for finding in found] == [
        f"compositional_skills/writing/{name}/qna.yaml" for name in ("clocks", "letters")
    ]


def test_a_cached_verdict_counts_seeds_too(tree: Path) -> None:
    new_leaf(tree, "skill", "writing/letters")
    lines = "".join(f"  - question: What is {n} and {n}?\n    answer: It is {2 * n}.\n" for n in range(30))
    _edited(tree, SKILL, "seed_examples:\n", f"seed_examples:\n{lines}")
    first = check_taxonomy(read_taxonomy(tree))
    assert [finding.code for finding in first] == ["lopsided"]
    assert check_taxonomy(read_taxonomy(tree)) == first


def test_the_cache_can_be_switched_off(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_CHECK_CACHE", "off")
    assert check_taxonomy(read_taxonomy(tree), cache=tmp_path / "cache") == Findings()
    assert not (tmp_path / "cache").exists()
