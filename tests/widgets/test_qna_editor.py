from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from workbench.errors import ConflictError, UsageError
from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.qna_editor import QnaEditor

SPELLING = "compositional_skills/writing/spelling"
REGISTERS = "compositional_skills/extraction/registers"
LIGHTS = "knowledge/engineering/lighthouses"
PRESET = {
    "version": 3,
    "created_by": "me",
    "task_description": "Count.",
    "seed_examples": [{"question": f"What follows {n}?", "answer": f"{n + 1}."} for n in range(5)],
}


@pytest.fixture
def editor(taxonomy: Taxonomy) -> QnaEditor:
    """With its widgets built."""
    made = QnaEditor(taxonomy, LIGHTS)
    assert made.widget
    return made


def walk(widget: Any) -> list[Any]:
    return [widget, *(found for child in getattr(widget, "children", ()) for found in walk(child))]


def labelled(editor: QnaEditor, label: str) -> Any:
    """A control that is in view, by its label."""
    for page in range(len(tabs(editor).children)):
        tabs(editor).selected_index = page
    (found,) = [one for one in walk(editor.widget) if getattr(one, "description", None) == label]
    return found


def tabs(editor: QnaEditor) -> Any:
    return next(one for one in walk(editor.widget) if type(one).__name__ == "Tab")


def page(editor: QnaEditor) -> str:
    return "".join(str(one.value) for one in walk(editor.widget) if type(one).__name__ == "HTML")


def test_the_value_is_what_the_file_holds(taxonomy: Taxonomy) -> None:
    editor = QnaEditor(taxonomy, SPELLING)
    assert editor.value == yaml.safe_load(editor.leaf.qna_file.read_text())
    assert editor.yaml == editor.leaf.qna_file.read_text()
    assert editor.findings.valid
    editor.value["created_by"] = "changed"
    assert not editor.draft.changed


def test_contents_are_put_in_and_a_preset_only_where_there_is_no_leaf(taxonomy: Taxonomy) -> None:
    assert QnaEditor(taxonomy, "writing/numbers", preset=PRESET).value == PRESET
    assert QnaEditor(taxonomy, SPELLING, preset=PRESET).value != PRESET
    changed = QnaEditor(taxonomy, SPELLING, contents=PRESET)
    assert changed.value == PRESET
    assert yaml.safe_load(changed.yaml) == PRESET
    assert changed.draft.changed


def test_it_is_saved_without_a_browser_and_opened_again(taxonomy: Taxonomy) -> None:
    editor = QnaEditor(taxonomy, "writing/numbers", preset=PRESET)
    assert editor.findings.valid
    assert editor.save().written == ("qna.yaml",)
    again = QnaEditor(editor.taxonomy, "compositional_skills/writing/numbers", preset={})
    assert again.value == PRESET
    with pytest.raises(UsageError):
        QnaEditor(taxonomy).save()


def test_it_has_a_form_for_readers_without_widgets(taxonomy: Taxonomy) -> None:
    bundle = QnaEditor(taxonomy, "writing/numbers", preset=PRESET)._repr_mimebundle_()
    assert "What follows 4?" in bundle["text/html"]
    assert "attribution-missing" in bundle["text/html"]
    assert bundle["text/plain"].startswith("compositional_skills/writing/numbers/qna.yaml: 1 warning\nversion: 3\n")


def test_every_control_has_a_label_and_only_one(editor: QnaEditor) -> None:
    labelled(editor, "Leaf:")
    controls = [one for one in walk(editor.widget) if hasattr(one, "description") and hasattr(one, "value")]
    controls = [one for one in controls if type(one).__name__ not in ("HTML", "DocumentPage")]
    assert len(controls) > 20
    assert all(one.description.strip() for one in controls)


def test_what_is_typed_is_in_the_value_and_in_the_text(editor: QnaEditor) -> None:
    labelled(editor, "Answer 2:").value = "Elsewhere."
    assert editor.value["seed_examples"][0]["questions_and_answers"][1]["answer"] == "Elsewhere."
    assert "Elsewhere." in page(editor)
    assert "changes not saved" in page(editor)
    labelled(editor, "Files, as patterns with commas:").value = "*.md, more/*.md"
    assert editor.value["document"]["patterns"] == ["*.md", "more/*.md"]


def test_findings_are_told_and_counted_on_the_tabs(editor: QnaEditor) -> None:
    labelled(editor, "Answer 2:").value = " "
    assert "nothing but blanks" in page(editor)
    assert "Seed examples (1)" in tabs(editor).titles
    labelled(editor, "Answer 2:").value = "Gilelholm"
    assert "nothing but blanks" not in page(editor)
    labelled(editor, "Creator names:").value = ""
    assert "Attribution (1)" in tabs(editor).titles


def test_empty_fields_of_a_new_leaf_are_no_mistakes(editor: QnaEditor) -> None:
    editor.open("")
    assert "12 still empty" in page(editor)
    assert "the same as item" not in page(editor).partition("<table>")[0]


def test_a_context_that_is_not_in_the_document_is_told(editor: QnaEditor) -> None:
    labelled(editor, "Context:").value = "Something else altogether stands here."
    assert "context-not-in-document" in {one.code for one in editor.findings}
    assert "not a passage of lighthouses.md" in page(editor)


def test_a_passage_becomes_the_context_of_the_example_in_view(editor: QnaEditor) -> None:
    chooser = labelled(editor, "Seed example:")
    chooser.index = 2
    passages = labelled(editor, "Passages:")
    passages.index = (1, 2)
    labelled(editor, "Use as context").click()
    assert editor.value["seed_examples"][2]["context"].startswith("## Firemric Light\n\nVisitors")
    assert labelled(editor, "Context:").value.startswith("## Firemric Light")
    assert editor.findings.valid


def test_contexts_are_switched_off_and_on_again(editor: QnaEditor) -> None:
    editor.open(REGISTERS)
    before = editor.value
    switch = labelled(editor, "Each example has a context")
    assert switch.value
    switch.value = False
    assert not any("context" in seed for seed in editor.value["seed_examples"])
    switch.value = True
    assert editor.value == before


def test_examples_are_added_moved_and_removed(editor: QnaEditor) -> None:
    editor.open(SPELLING)
    labelled(editor, "Add example").click()
    labelled(editor, "Question:").value = "A new one?"
    labelled(editor, "Move up").click()
    assert editor.value["seed_examples"][0]["question"] == "A new one?"
    labelled(editor, "Remove example").click()
    assert "A new one?" not in editor.yaml
    assert not editor.draft.changed


def test_what_is_unsaved_in_one_leaf_waits_there(editor: QnaEditor) -> None:
    labelled(editor, "Domain:").value = "coasts"
    labelled(editor, "Leaf:").value = SPELLING
    assert editor.leaf.path == SPELLING
    labelled(editor, "Leaf:").value = LIGHTS
    assert labelled(editor, "Domain:").value == "coasts"
    labelled(editor, "Reopen from disk").click()
    assert labelled(editor, "Domain:").value == "engineering"


def test_a_new_leaf_is_placed_and_saved(editor: QnaEditor) -> None:
    labelled(editor, "Leaf:").value = "(a new leaf)"
    path = labelled(editor, "Path in the tree:")
    path.value = "two words"
    assert "cannot be the path of a leaf" in page(editor)
    path.value = "writing/spelling"
    assert "There is a leaf compositional_skills/writing/spelling already" in page(editor)
    labelled(editor, "Save").click()
    assert "has changed on disk" in page(editor)
    path.value = "writing/numbers"
    labelled(editor, "Kind:").value = "knowledge"
    assert "It will be knowledge/writing/numbers." in page(editor)
    labelled(editor, "Kind:").value = "skill"
    labelled(editor, "Author, as a GitHub name:").value = "me"
    labelled(editor, "Save").click()
    assert (editor.taxonomy.root / "compositional_skills/writing/numbers/qna.yaml").is_file()
    assert labelled(editor, "Leaf:").value == "compositional_skills/writing/numbers"
    with pytest.raises(ConflictError):
        editor.place("skill", "elsewhere")


def test_a_file_is_uploaded(editor: QnaEditor) -> None:
    upload = labelled(editor, "Upload a qna.yaml")
    entry = {"name": "qna.yaml", "type": "", "size": 3, "last_modified": datetime.now(UTC)}
    upload.value = ({**entry, "content": b"a: ["},)
    assert "The form cannot show this file." in page(editor)
    assert labelled(editor, "Text of qna.yaml:").value == "a: ["
    labelled(editor, "Text of qna.yaml:").value = "version: 3 # kept\ncreated_by: me\n"
    labelled(editor, "Take this text").click()
    assert editor.value == {"version": 3, "created_by": "me"}
    labelled(editor, "Author, as a GitHub name:").value = "you"
    assert editor.yaml == "version: 3 # kept\ncreated_by: you\n"


def test_an_error_is_said_and_not_raised(editor: QnaEditor) -> None:
    editor.leaf.qna_file.write_text("version: 3\n")
    labelled(editor, "Domain:").value = "coasts"
    labelled(editor, "Save").click()
    assert "was not overwritten" in page(editor)


def test_twenty_examples_need_no_more_widgets_than_five(taxonomy: Taxonomy) -> None:
    seeds = [{"question": f"What follows {n}?", "answer": f"{n + 1}."} for n in range(20)]
    few = QnaEditor(taxonomy, "writing/few", preset=PRESET)
    many = QnaEditor(taxonomy, "writing/many", preset={**PRESET, "seed_examples": seeds})
    assert len(walk(few.widget)) == len(walk(many.widget))


def test_documents_that_are_not_there_are_told(taxonomy: Taxonomy) -> None:
    editor = QnaEditor(taxonomy, "knowledge/new/things")
    (shown,) = [one for one in walk(editor.widget) if type(one).__name__ == "Tab"]
    shown.selected_index = 1
    assert "There is no document to show yet." in "".join(
        one.page for one in walk(editor.widget) if type(one).__name__ == "DocumentPage"
    )
    assert "The leaf has no folder yet." in page(editor)


def test_what_arrives_late_ends_where_it_was_typed(editor: QnaEditor) -> None:
    editor.open(SPELLING)
    answer = labelled(editor, "Answer:")
    labelled(editor, "Seed example:").index = 1
    answer.value = "late"
    assert [seed["answer"] == "late" for seed in editor.value["seed_examples"]][:2] == [True, False]
    labelled(editor, "Seed example:").index = 0
    labelled(editor, "Move down").click()
    answer.value = "later"
    assert [seed["answer"] == "later" for seed in editor.value["seed_examples"]][:2] == [False, True]
    author = labelled(editor, "Author, as a GitHub name:")
    editor.open(LIGHTS)
    author.value = "late"
    assert editor.value["created_by"] == "instructlab-workbench"
    editor.open(SPELLING)
    assert editor.value["created_by"] == "late"


def test_what_arrives_late_for_an_example_that_is_gone_is_dropped(editor: QnaEditor) -> None:
    editor.open(SPELLING)
    answer = labelled(editor, "Answer:")
    before = editor.value["seed_examples"]
    labelled(editor, "Remove example").click()
    answer.value = "late"
    assert editor.value["seed_examples"] == before[1:]
    answer = labelled(editor, "Answer:")
    labelled(editor, "Reopen from disk").click()
    answer.value = "late"
    assert editor.value["seed_examples"] == before


def test_saving_leaves_the_forms_in_place(editor: QnaEditor) -> None:
    answer = labelled(editor, "Answer 1:")
    answer.value = "1215"
    labelled(editor, "Save").click()
    assert labelled(editor, "Answer 1:") is answer
    assert "saved qna.yaml" in page(editor)
