from pathlib import Path

import pytest

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.taxonomy.content_rules import check_attribution, check_folder
from workbench.taxonomy.findings import Finding
from workbench.taxonomy.tree import Leaf
from workbench.taxonomy.validation import check_file


def _edited(tree: Path, leaf: str, old: str, new: str) -> list[Finding]:
    file = tree / leaf / "qna.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    return list(check_file(file))


def test_long_texts_are_advised_against(tree: Path) -> None:
    words = "word " * 510
    [context] = _edited(tree, KNOWLEDGE, "Anyone who", words + "Anyone who")
    assert (context.code, context.severity, context.yaml_path) == (
        "long-context",
        "advice",
        ".seed_examples[0].context",
    )
    [_, answer] = _edited(tree, KNOWLEDGE, "answer: Nothing.", f"answer: {words}and nothing.")
    assert (answer.code, answer.yaml_path) == ("long-answer", ".seed_examples[3].questions_and_answers[2].answer")


def test_a_long_file_is_advised_against_as_a_whole(tree: Path) -> None:
    found = _edited(
        tree, SKILL, "seed_examples:\n", "seed_examples:\n" + "  - {question: q, answer: %s}\n" % ("a " * 2400)
    )
    assert "long-file" in {finding.code for finding in found}


def test_one_example_without_a_context_among_others_is_a_warning(tree: Path) -> None:
    [found] = _edited(tree, SKILL, "    answer: It is noon.", "    answer: It is noon.\n    context: A timetable.")
    assert (found.code, found.severity, found.yaml_path) == ("mixed-grounding", "warning", ".seed_examples[0]")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "attribution-missing"),
        ("\n \n", "attribution-empty"),
        ("Title of work: A\n", "attribution-field"),
        ("\udce4", "attribution-unreadable"),
        ("Title of work: A\n" * 20_000, "attribution-unreadable"),
    ],
)
def test_attributions_are_looked_at(tree: Path, text: str | None, code: str) -> None:
    leaf = Leaf(SKILL, tree)
    assert list(check_attribution(leaf)) == []
    leaf.attribution_file.unlink()
    if text is not None:
        leaf.attribution_file.write_bytes(text.encode(errors="surrogateescape"))
    [found] = check_attribution(leaf)
    assert (found.code, found.severity, found.path) == (code, "warning", f"{SKILL}/attribution.txt")


def test_a_blank_in_a_folder_s_name_is_a_warning(tree: Path) -> None:
    [found] = check_folder(Leaf("knowledge/old towns/a", tree))
    assert found.hint == "git mv 'knowledge/old towns' knowledge/old_towns"
