from pathlib import Path, PurePosixPath

import pytest

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.errors import TaxonomyError
from workbench.taxonomy.qna import QuestionAnswer, kind_of, read_qna


def _write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "qna.yaml").write_text(text)
    return folder / "qna.yaml"


def test_a_skill_has_one_pair_to_an_example(tree: Path) -> None:
    qna = read_qna(tree / SKILL / "qna.yaml")
    assert (qna.kind, qna.version, qna.form, qna.pairs) == ("skill", 3, "freeform skill", 5)
    answer = "It is five past one in the afternoon."
    pair = QuestionAnswer("How is 13:05 said on a 12-hour clock?", answer, 5)
    assert qna.seed_examples[0].pairs == (pair,)
    assert qna.task_description.startswith("Say a time")


def test_knowledge_has_contexts_with_several_pairs_and_a_document(tree: Path) -> None:
    qna = read_qna(tree / KNOWLEDGE / "qna.yaml")
    assert (qna.form, len(qna.seed_examples), qna.pairs) == ("knowledge", 5, 15)
    assert [pair.line for pair in qna.seed_examples[0].pairs] == [9, 11, 13]
    assert qna.document
    assert qna.document.origin.patterns == ("*.md",)
    assert (tree / KNOWLEDGE / "qna.yaml").read_text().splitlines()[qna.document.line - 1] == "  repo: ."


def test_a_context_makes_a_skill_grounded(tmp_path: Path) -> None:
    text = "version: 2\nseed_examples:\n  - {context: c, question: q, answer: a}\n"
    qna = read_qna(_write(tmp_path / "compositional_skills/a", text))
    assert (qna.grounded, qna.form) == (True, "grounded skill")


def test_values_of_a_wrong_type_are_left_empty(tmp_path: Path) -> None:
    text = (
        "version: [3]\ncreated_by: 4\ndocument: none\nseed_examples: [1, {question: 2}, {questions_and_answers: [x]}]\n"
    )
    qna = read_qna(_write(tmp_path / "knowledge/a", text))
    assert (qna.version, qna.created_by, qna.document) == (1, "", None)
    assert [len(seed.pairs) for seed in qna.seed_examples] == [1, 0]


@pytest.mark.parametrize("text", ["a: b: c\n", "- 1\n", ""])
def test_a_file_that_is_no_mapping_raises(tmp_path: Path, text: str) -> None:
    with pytest.raises(TaxonomyError):
        read_qna(_write(tmp_path / "knowledge/a", text))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("knowledge/a/qna.yaml", "knowledge"),
        ("compositional_skills/a/qna.yaml", "skill"),
        ("compositional_skills/knowledge/qna.yaml", "knowledge"),
        ("elsewhere/qna.yaml", "skill"),
    ],
)
def test_the_nearest_folder_decides_the_kind(path: str, kind: str) -> None:
    assert kind_of(PurePosixPath(path)) == kind
    assert kind_of(PurePosixPath("elsewhere/qna.yaml"), {"document": {}}) == "knowledge"
