from pathlib import Path

import pytest

from workbench.errors import NotFoundError
from workbench.taxonomy.rules import RULES, Rule, find_rule
from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.validation import check_file

TRIED = [rule for rule in RULES.values() if rule.place]


def _codes(tmp_path: Path, rule: Rule, example: str) -> dict[str, str]:
    text = starting_files(rule.kind)["qna.yaml"]
    assert rule.place in text
    folder = tmp_path / ("knowledge" if rule.kind == "knowledge" else "compositional_skills")
    folder.mkdir(exist_ok=True)
    (folder / "qna.yaml").write_text(text.replace(rule.place, example, 1))
    return {finding.code: finding.severity for finding in check_file(folder / "qna.yaml")}


@pytest.mark.parametrize("rule", TRIED, ids=lambda rule: rule.code)
def test_a_bad_example_is_found_and_its_mended_one_is_not(rule: Rule, tmp_path: Path) -> None:
    assert _codes(tmp_path, rule, rule.bad).get(rule.code) == rule.severity
    assert _codes(tmp_path, rule, rule.mended) == {}


def test_most_rules_can_be_tried() -> None:
    assert len(TRIED) >= 20


def test_a_rule_shows_both_examples() -> None:
    assert find_rule("lint-colons").text() == (
        "lint-colons (error): No blank before a colon, one behind it.\n\n"
        "bad:\n    created_by:  somebody\n\nmended:\n    created_by: your-github-name"
    )


def test_a_mistyped_code_names_the_nearest() -> None:
    with pytest.raises(NotFoundError) as caught:
        find_rule("lint-colon")
    assert caught.value.hint == "did you mean lint-colons?"
