from pathlib import Path

from workbench.taxonomy.findings import Finding
from workbench.taxonomy.validation import check_yaml
from workbench.taxonomy.yaml_file import parse_yaml
from workbench.widgets.finding_places import placed

PLACE = Path("compositional_skills/a/qna.yaml")
FIELDS = (".created_by", ".seed_examples", ".seed_examples[0]", ".seed_examples[0].answer")
SEEDS = "seed_examples:\n  - question: Q\n    answer: \n  - question: R   \n    answer: S\n"
TEXT = f"version: 3\ntask_description: t   \n{SEEDS}"


def codes(text: str, fields: tuple[str, ...] = FIELDS) -> dict[str, set[str]]:
    file = parse_yaml(text, "qna.yaml")
    found = placed(check_yaml(file, PLACE), file, fields)
    return {place: {one.code for one in findings} for place, findings in found.items()}


def test_a_finding_stands_at_the_field_it_names_or_the_nearest_above() -> None:
    found = codes(TEXT)
    assert found[".seed_examples[0].answer"] >= {"wrong-type"}
    assert "too-few-items" in found[".seed_examples"]


def test_a_missing_key_is_shown_at_its_field() -> None:
    assert codes(TEXT)[".created_by"] == {"missing-key"}
    assert "missing-key" in codes(TEXT, ())["."]


def test_style_is_shown_where_its_line_is() -> None:
    found = codes(TEXT, (*FIELDS, ".task_description"))
    assert found[".task_description"] == {"lint-trailing-spaces"}
    assert "lint-trailing-spaces" in found[".seed_examples"]


def test_what_is_about_no_value_is_about_the_file() -> None:
    file = parse_yaml("a: [", "qna.yaml")
    finding = Finding("qna.yaml", 1, 1, "", "yaml-syntax", "error", "not YAML")
    assert placed([finding], file, FIELDS) == {".": [finding]}
