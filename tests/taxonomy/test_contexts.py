import pytest

from workbench.documents.convert import Document
from workbench.taxonomy.contexts import check_contexts
from workbench.taxonomy.findings import Finding
from workbench.taxonomy.qna import qna_of
from workbench.taxonomy.yaml_file import parse_yaml

DOCUMENT = """# Boats

The **old** harbour has [forty boats](https://example.org/boats "all of them"),
most of them *blue*.

| boat | colour |
|------|--------|
| Ada  | blue   |

1. Tie the rope.
2. Lift the `anchor`.

Ropes &amp; chains<br> are kept in the_shed.
"""


def _check(context: str, *documents: str) -> list[Finding]:
    block = "".join(f"      {line}\n" for line in context.split("\n"))
    text = f"seed_examples:\n  - context: |\n{block}    questions_and_answers: []\n"
    file = parse_yaml(text, "qna.yaml")
    read = [Document(f"{n}.md", one) for n, one in enumerate(documents or (DOCUMENT,))]
    return list(check_contexts(file, qna_of(file, "knowledge"), read))


@pytest.mark.parametrize(
    "context",
    [
        DOCUMENT,
        "The old harbour has forty boats, most of them blue.",
        "The **old** harbour has\n[forty boats](elsewhere.md), most of\nthem blue",
        "boat colour Ada blue",
        "| boat | colour |\n|---|---|\n| Ada | blue |",
        "Tie the rope.\nLift the anchor.",
        "1. Tie the rope.\n2. Lift the anchor.",
        "Ropes & chains are kept in the_shed.",
        "the old harbour HAS forty boats",
    ],
)
def test_a_passage_is_found_however_it_is_set(context: str) -> None:
    assert _check(context) == []


def test_words_that_part_from_the_document_are_shown() -> None:
    [found] = _check("The old harbour has forty boats, most of them red, and a mole.")
    assert (found.code, found.severity, found.yaml_path, found.line) == (
        "context-not-in-document",
        "warning",
        ".seed_examples[0].context",
        2,
    )
    assert found.message == "0.md has its first 9 words, but not the following: red and a mole"


def test_any_of_several_documents_will_do() -> None:
    assert _check("Tie the rope.", "# Nothing", DOCUMENT) == []
    [found] = _check("Something else entirely.", "# Nothing", DOCUMENT)
    assert found.message == "not a passage of 0.md, 1.md"


def test_part_of_a_word_is_not_a_passage() -> None:
    assert _check("he old harbour has forty")


def test_a_blank_context_is_another_rule_s() -> None:
    assert _check(" \n ") == []
