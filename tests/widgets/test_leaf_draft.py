from pathlib import Path
from typing import Any

import pytest
import yaml

from workbench.errors import ConflictError, TaxonomyError, UsageError
from workbench.taxonomy.attribution import Attribution
from workbench.taxonomy.tree import Leaf, Taxonomy
from workbench.taxonomy.validation import check_leaf
from workbench.widgets.leaf_draft import LeafDraft, draft_at

SPELLING = "compositional_skills/writing/spelling"
LIGHTS = "knowledge/engineering/lighthouses"


@pytest.fixture
def draft(taxonomy: Taxonomy) -> LeafDraft:
    return draft_at(taxonomy, SPELLING)


def filled(draft: LeafDraft) -> LeafDraft:
    draft.put(("created_by",), "me")
    draft.put(("task_description",), "Count.")
    for number in range(5):
        draft.put(("seed_examples", number, "question"), f"What follows {number}?")
        draft.put(("seed_examples", number, "answer"), f"It is {number + 1}.")
    return draft


def test_a_leaf_that_is_only_opened_has_not_changed(taxonomy: Taxonomy) -> None:
    for leaf in taxonomy:
        draft = LeafDraft.of(leaf)
        assert draft.text.encode() == leaf.qna_file.read_bytes()
        assert not draft.changed
        assert draft.findings == check_leaf(leaf)
        assert draft.save().written == ()


def test_an_edit_changes_its_own_line_alone(draft: LeafDraft) -> None:
    before = draft.text.split("\n")
    draft.put(("seed_examples", 1, "answer"), "Another answer.")
    differing = [new for old, new in zip(before, draft.text.split("\n"), strict=True) if old != new]
    assert len(differing) == 1
    assert "Another answer." in differing[0]
    assert draft.save().written == ("qna.yaml",)
    assert draft.leaf.qna_file.read_text() == draft.text
    assert not draft.changed


def test_comments_and_line_ends_stay(draft: LeafDraft) -> None:
    file = draft.leaf.qna_file
    file.write_bytes(b"# mine\r\n" + file.read_bytes().replace(b"\n", b"\r\n"))
    draft.reopen()
    draft.put(("created_by",), "somebody")
    draft.save()
    assert file.read_bytes().startswith(b"# mine\r\n")
    assert b"created_by: somebody\r\n" in file.read_bytes()


def test_a_value_that_an_alias_repeats_is_edited_alone(draft: LeafDraft) -> None:
    draft.load(b"seed_examples:\n  - &a {question: Q, answer: A}\n  - *a\n")
    draft.put(("seed_examples", 1, "answer"), "B")
    assert yaml.safe_load(draft.text)["seed_examples"] == [
        {"question": "Q", "answer": "A"}, {"question": "Q", "answer": "B"},
    ]  # fmt: skip


def test_a_new_leaf_is_written_whole(taxonomy: Taxonomy) -> None:
    draft = filled(LeafDraft(taxonomy.root, "skill", "writing/numbers"))
    draft.attribution = Attribution(title="Numbers", link="-", licence="MIT", creators="me")
    assert draft.findings.valid
    saved = draft.save()
    assert saved.written == ("qna.yaml", "attribution.txt")
    assert saved.leaf.path == "compositional_skills/writing/numbers"
    assert list(check_leaf(saved.leaf)) == []
    assert list(yaml.safe_load(draft.text)) == ["version", "created_by", "task_description", "seed_examples"]
    assert repr(draft.save()) == "compositional_skills/writing/numbers is as it was: nothing to save"


def test_a_place_is_checked_before_anything_is_written(taxonomy: Taxonomy) -> None:
    for path in ("", "../out", "writing/two words", "/etc", "compositional_skills"):
        draft = filled(LeafDraft(taxonomy.root, "skill", path))
        with pytest.raises(UsageError):
            draft.save()
    with pytest.raises(UsageError, match="is the path of knowledge"):
        LeafDraft(taxonomy.root, "skill", "writing/knowledge/things").save()


def test_what_another_hand_wrote_is_not_overwritten(draft: LeafDraft, taxonomy: Taxonomy) -> None:
    draft.put(("created_by",), "me")
    draft.leaf.qna_file.write_text("version: 3\n")
    with pytest.raises(ConflictError, match="has changed on disk"):
        draft.save()
    assert draft.leaf.qna_file.read_text() == "version: 3\n"
    new = filled(LeafDraft(taxonomy.root, "skill", "writing/numbers"))
    Leaf("compositional_skills/writing/numbers", taxonomy.root).folder.mkdir()
    new.leaf.qna_file.write_text("version: 3\n")
    with pytest.raises(ConflictError):
        new.save()


def test_attribution_is_written_only_when_it_changed(draft: LeafDraft) -> None:
    before = draft.leaf.attribution_file.read_bytes()
    draft.put(("created_by",), "me")
    assert draft.save().written == ("qna.yaml",)
    assert draft.leaf.attribution_file.read_bytes() == before
    draft.attribution = Attribution(title="Other", rest=("a line",))
    assert draft.save().written == ("attribution.txt",)
    assert draft.leaf.attribution_file.read_text() == "Title of work: Other\na line\n"


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"a: [", "yaml-syntax"), (b"\xff\xfea", "encoding"), (b"- a\n", "not-a-mapping"), (b"&a [*a]", "alias-loop")],
)
def test_a_bad_file_is_findings_and_a_text_to_mend(draft: LeafDraft, data: bytes, code: str) -> None:
    assert not draft.load(data)
    assert code in {one.code for one in draft.findings}
    assert draft.contents == {}
    assert draft.load(b"version: 3\ncreated_by: me\n")
    assert draft.get(("created_by",)) == "me"


def test_a_file_that_no_check_reads_is_not_replaced(draft: LeafDraft) -> None:
    file = draft.leaf.qna_file
    file.write_text("x: y\n" * 100_000)
    draft.reopen()
    assert draft.findings[0].code == "too-large"
    draft.load(b"version: 3\n")
    with pytest.raises(TaxonomyError, match="could not be read"):
        draft.save()


def test_contexts_are_looked_for_in_the_documents(taxonomy: Taxonomy) -> None:
    from workbench.documents.convert import Document

    draft = draft_at(taxonomy, LIGHTS)
    draft.documents = (Document("other.md", "Nothing of the kind."),)
    assert [one.code for one in draft.findings] == ["context-not-in-document"] * 5


@pytest.mark.parametrize("value", [None, "text", 3, []])
def test_values_of_wrong_types_make_room(draft: LeafDraft, value: Any) -> None:
    draft.put(("seed_examples",), value)
    draft.put(("seed_examples", 0, "question"), "Why?")
    assert draft.get(("seed_examples",)) == [{"question": "Why?"}]
    draft.drop(("seed_examples", 0, "question"))
    draft.drop(("seed_examples", 7, "question"))
    assert draft.get(("seed_examples", 0)) == {}


def test_a_path_leads_to_the_leaf_or_to_a_new_one(taxonomy: Taxonomy, tmp_path: Path) -> None:
    assert draft_at(taxonomy, SPELLING).existing
    assert draft_at(taxonomy, "writing/spelling").path == SPELLING
    assert not draft_at(taxonomy, "knowledge/new/things").existing
    assert draft_at(taxonomy, "knowledge/new/things").kind == "knowledge"
    with pytest.raises(UsageError):
        draft_at(taxonomy, "no good/path")
