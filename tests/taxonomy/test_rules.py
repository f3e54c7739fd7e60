from collections.abc import Callable
from pathlib import Path

import pytest

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.errors import NotFoundError
from workbench.taxonomy.findings import Findings
from workbench.taxonomy.leaf_files import new_leaf
from workbench.taxonomy.lint import LintRules
from workbench.taxonomy.rules import RULES, Rule, find_rule
from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.tree import read_taxonomy
from workbench.taxonomy.validation import check_file, check_leaf, check_taxonomy

TRIED = [rule for rule in RULES.values() if rule.place]
NEEDS_DOCUMENTS = {"context-not-in-document"}


def _codes(tree: Path, rule: Rule, example: str) -> dict[str, str]:
    text = starting_files(rule.kind)["qna.yaml"]
    assert rule.place in text
    leaf = read_taxonomy(tree).leaf(KNOWLEDGE if rule.kind == "knowledge" else SKILL)
    leaf.qna_file.write_text(text.replace(rule.place, example, 1))
    findings = check_leaf(leaf) if rule.code in NEEDS_DOCUMENTS else check_file(leaf.qna_file)
    return {finding.code: finding.severity for finding in findings}


@pytest.mark.parametrize("rule", TRIED, ids=lambda rule: rule.code)
def test_a_bad_example_is_found_and_its_mended_one_is_not(rule: Rule, tree: Path) -> None:
    assert _codes(tree, rule, rule.bad).get(rule.code) == rule.severity
    assert _codes(tree, rule, rule.mended) == {}


def _named(tree: Path) -> None:
    (tree / SKILL / "qna.yaml").rename(tree / SKILL / "qna.yml")


def _linked(tree: Path) -> None:
    (tree / SKILL / "qna.yaml").rename(tree / SKILL / "moved.yaml")
    (tree / SKILL / "qna.yaml").symlink_to(tree / "moved/qna.yaml")


def _written(name: str, content: bytes, leaf: str = SKILL) -> Callable[[Path], None]:
    def write(tree: Path) -> None:
        (tree / leaf / name).write_bytes(content)

    return write


def _edited(old: str, new: str, leaf: str = SKILL) -> Callable[[Path], None]:
    def edit(tree: Path) -> None:
        text = (tree / leaf / "qna.yaml").read_text()
        assert old in text
        (tree / leaf / "qna.yaml").write_text(text.replace(old, new, 1))

    return edit


def _ignored(tree: Path) -> None:
    (tree / "compositional_skills").rename(tree / "foundational_skills")


def _blank_folder(tree: Path) -> None:
    (tree / "knowledge/town").rename(tree / "knowledge/old town")


def _lopsided(tree: Path) -> None:
    new_leaf(tree, "skill", "writing/letters")
    lines = "".join(f"  - question: What is {n} and {n}?\n    answer: It is {2 * n}.\n" for n in range(30))
    _edited("seed_examples:\n", f"seed_examples:\n{lines}")(tree)


def _no_attribution(tree: Path) -> None:
    (tree / SKILL / "attribution.txt").unlink()


# By code, what makes a taxonomy bad in a way that no text in a starting file can show.
BREAKING: dict[str, Callable[[Path], None]] = {
    "file-name": _named,
    "unreadable": _linked,
    "encoding": _written("qna.yaml", b"created_by: \xe4\n"),
    "empty-file": _written("qna.yaml", b"# to be written\n"),
    "not-a-mapping": _written("qna.yaml", b"- version: 3\n"),
    "attribution-missing": _no_attribution,
    "attribution-empty": _written("attribution.txt", b"\n"),
    "attribution-unreadable": _written("attribution.txt", b"Title of work: \xe4\n"),
    "attribution-field": _written("attribution.txt", b"Title of work: A\n"),
    "folder-blank": _blank_folder,
    "foundational-skills": _ignored,
    "long-context": _edited("Anyone who", "word " * 501 + "Anyone who", KNOWLEDGE),
    "long-question": _edited("How is 13:05", "so " * 251 + "how is 13:05"),
    "long-answer": _edited("It is five", "so " * 251 + "it is five"),
    "long-file": _edited("It is five", "so " * 2301 + "it is five"),
    "lopsided": _lopsided,
}


@pytest.mark.parametrize("code", BREAKING)
def test_what_no_text_can_show_is_found_in_a_tree(code: str, tree: Path) -> None:
    assert check_taxonomy(read_taxonomy(tree)) == Findings()
    BREAKING[code](tree)
    found = {finding.code: finding for finding in check_taxonomy(read_taxonomy(tree))}
    assert code in found
    severity = "warning" if code == "file-name" else RULES[code].severity
    assert found[code].severity == severity
    assert (tree / found[code].path.removesuffix("/qna.yaml")).exists() or code == "attribution-missing"


def test_rules_of_your_own_find_what_the_usual_ones_never_reach(tmp_path: Path) -> None:
    (tmp_path / "qna.yaml").write_text(starting_files("skill")["qna.yaml"].replace("by: ", "by: &me "))
    for rules, code in (("new-lines: {type: dos}", "new-lines"), ("anchors: {forbid-unused-anchors: true}", "anchors")):
        found = check_file(tmp_path / "qna.yaml", rules=LintRules(f"rules: {{{rules}}}"))
        assert {(finding.code, finding.severity) for finding in found} == {(f"lint-{code}", "error")}


def test_each_documented_code_is_tried() -> None:
    own_rules = {"lint-new-lines", "lint-anchors"}
    fetched = {"documents-unavailable", "documents-unmatched", "documents-unreadable"}
    assert {rule.code for rule in TRIED} | set(BREAKING) | own_rules | fetched == set(RULES)


def test_a_rule_shows_both_examples() -> None:
    assert find_rule("lint-colons").text() == (
        "lint-colons (error): No blank before a colon, one behind it.\n\n"
        "bad:\n    created_by:  somebody\n\nmended:\n    created_by: your-github-name"
    )


def test_a_mistyped_code_names_the_nearest() -> None:
    with pytest.raises(NotFoundError) as caught:
        find_rule("lint-colon")
    assert caught.value.hint == "did you mean lint-colons?"
