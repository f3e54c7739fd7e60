from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.editor_view import EditorView
from workbench.widgets.qna_editor import QnaEditor


def test_a_page_is_filled_when_its_tab_is_opened(taxonomy: Taxonomy) -> None:
    view = EditorView(QnaEditor(taxonomy, "compositional_skills/writing/spelling"))
    assert [bool(page.children) for page in view._tabs.children] == [False] * 5
    view.show(view._draft)
    assert [bool(page.children) for page in view._tabs.children] == [True, *[False] * 4]
    view._tabs.selected_index = 3
    assert [bool(page.children) for page in view._tabs.children] == [True, False, False, True, False]


def test_any_letters_are_written(taxonomy: Taxonomy) -> None:
    view = EditorView(QnaEditor(taxonomy, "compositional_skills/writing/spelling"))
    view.show(view._draft)
    view._forms.about._fields[0].input.value = "bell \x07, half a pair \ud800: # '"
    assert view._message.value == ""
    assert view._draft.file.contents["created_by"] == "bell \x07, half a pair \ud800: # '"
