"""The editor in JupyterLab: a person fills in forms by their labels, and files come of it."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.browser.conftest import Lab, Open, ended_well, run_all
from workbench.taxonomy.validation import check_file
from workbench.widgets import markdown_page

pytestmark = pytest.mark.browser
AUTHOR = "Author, as a GitHub name:"
TASK = "Task description, what the skill does:"
LIGHTS, ISLANDS = "knowledge/engineering/lighthouses", "knowledge/geography/islands"
SPELLING, WEEKDAYS = "compositional_skills/writing/spelling", "compositional_skills/writing/weekdays"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


@pytest.fixture(scope="module")
def editor(open_notebook: Open) -> Any:
    """The first editor of the first notebook; each test begins with a leaf of its own."""
    page = open_notebook("notebooks/01_taxonomy.ipynb")
    run_all(page)
    assert ended_well(page)
    shown = page.locator(".workbench-editor").first
    shown.get_by_role("tab", name="About").wait_for()
    return shown


def open_leaf(editor: Any, leaf: str) -> None:
    """Waits until the form holds it: what is typed sooner is typed into the form of the leaf before."""
    editor.get_by_label("Leaf:", exact=True).select_option(leaf)
    editor.get_by_role("heading", name=f"Editing {leaf}", exact=True).wait_for()


def open_tab(editor: Any, name: str) -> None:
    editor.get_by_role("tab", name=name).click()


def open_seed(editor: Any, number: int) -> None:
    editor.get_by_label("Seed example:", exact=True).select_option(index=number - 1)
    editor.get_by_role("heading", name=f"Seed example {number} of 5").wait_for()


def press(editor: Any, name: str) -> None:
    editor.get_by_role("button", name=name, exact=True).click()


def fill(editor: Any, label: str, text: str) -> None:
    """As a hand does it, key by key."""
    field = editor.get_by_label(label, exact=True)
    field.click()
    field.press("ControlOrMeta+a")
    field.press_sequentially(text)


def told(editor: Any, text: str) -> None:
    editor.get_by_text(text).locator("visible=true").first.wait_for()


def field_of(editor: Any, label: str) -> Any:
    """The input with what is said below it."""
    return editor.locator(".workbench-field").filter(has=editor.page.get_by_label(label, exact=True))


def write_skill(editor: Any) -> None:
    open_leaf(editor, "(a new leaf)")
    fill(editor, "Path in the tree:", "writing/weekdays")
    told(editor, f"It will be {WEEKDAYS}.")
    fill(editor, AUTHOR, "someone")
    fill(editor, TASK, "Name the day that follows a day.")
    open_tab(editor, "Seed examples")
    for number, (day, following) in enumerate(pairwise(DAYS), start=1):
        open_seed(editor, number)
        fill(editor, "Question:", f"Which day follows {day}?")
        fill(editor, "Answer:", f"{following}.")
    open_tab(editor, "Attribution")
    fields = {"Title of work:": "Days", "Link to work:": "-", "Creator names:": "someone"}
    for label, text in {**fields, "License of the work, as an SPDX identifier:": "MIT"}.items():
        fill(editor, label, text)


def test_a_skill_is_written_without_yaml(editor: Any, lab: Lab) -> None:
    write_skill(editor)
    told(editor, "valid; changes not saved")
    press(editor, "Save")
    told(editor, "saved qna.yaml and attribution.txt")
    folder = lab.taxonomy / WEEKDAYS
    assert check_file(folder / "qna.yaml").valid
    seeds = yaml.safe_load((folder / "qna.yaml").read_text())["seed_examples"]
    assert [seed["answer"] for seed in seeds] == [f"{day}." for day in DAYS[1:]]
    assert "License of the work: MIT" in (folder / "attribution.txt").read_text()
    open_leaf(editor, LIGHTS)
    open_leaf(editor, WEEKDAYS)
    open_tab(editor, "About")
    assert editor.get_by_label(TASK, exact=True).input_value() == "Name the day that follows a day."


def test_findings_and_counters_stand_beside_their_field(editor: Any) -> None:
    open_leaf(editor, SPELLING)
    open_tab(editor, "Seed examples")
    answer = field_of(editor, "Answer:")
    fill(editor, "Answer:", "one two three")
    answer.get_by_text("3 of at most 250 words").wait_for()
    fill(editor, "Answer:", " ")
    answer.get_by_text("nothing but blanks").wait_for()
    editor.get_by_role("tab", name="Seed examples (1)").wait_for()
    fill(editor, "Answer:", "four")
    answer.get_by_text("nothing but blanks").wait_for(state="detached")
    told(editor, "changes not saved")


def test_a_selected_passage_becomes_the_context(editor: Any) -> None:
    open_leaf(editor, LIGHTS)
    open_tab(editor, "Seed examples")
    open_seed(editor, 2)
    page = editor.get_by_role("region", name="Document lighthouses.md")
    paragraph = page.get_by_text("The height of Eralmont Light")
    paragraph.scroll_into_view_if_needed()
    paragraph.click(click_count=3)
    told(editor, "Chosen: 33 words")
    press(editor, "Use as context")
    told(editor, "The passage is the context of seed example 2 now.")
    context = editor.get_by_label("Context:", exact=True).input_value()
    assert context.startswith("The height of Eralmont Light is 297 metres.")
    assert context.endswith("ended in 1851.")


def test_a_passage_is_taken_with_the_keyboard_alone(editor: Any, lab: Lab) -> None:
    open_leaf(editor, ISLANDS)
    open_tab(editor, "Seed examples")
    open_seed(editor, 3)
    passages = editor.get_by_label("Passages:", exact=True)
    passages.focus()
    passages.press("ArrowDown")
    passages.press("Shift+ArrowDown")
    first, last = passages.evaluate("list => [...list.selectedOptions].map(option => option.index)")
    text = (lab.taxonomy / ISLANDS / "islands.md").read_text()
    found = markdown_page.passages(text)
    expected = markdown_page.source(text, found[first].first, found[last].end)
    told(editor, f"Chosen: {len(expected.split())} words")
    use = editor.get_by_role("button", name="Use as context", exact=True)
    use.focus()
    use.press("Enter")
    told(editor, "The passage is the context of seed example 3 now.")
    assert editor.get_by_label("Context:", exact=True).input_value() == expected
    press(editor, "Reopen from disk")
    told(editor, "saved")


def test_what_changed_on_disk_is_not_overwritten(editor: Any, lab: Lab) -> None:
    file = lab.taxonomy / ISLANDS / "qna.yaml"
    before = file.read_text()
    open_leaf(editor, ISLANDS)
    open_tab(editor, "About")
    fill(editor, AUTHOR, "somebody")
    told(editor, "changes not saved")
    file.write_text(before.replace("version: 3\n", "version: 3\n# by another hand\n"))
    press(editor, "Save")
    told(editor, "has changed on disk")
    assert "by another hand" in file.read_text()
    press(editor, "Reopen from disk")
    told(editor, "valid; saved")
    fill(editor, AUTHOR, "somebody")
    told(editor, "changes not saved")
    press(editor, "Save")
    told(editor, "saved qna.yaml")
    assert "# by another hand\ncreated_by: somebody\n" in file.read_text()


def test_a_file_is_uploaded(editor: Any, tmp_path: Path) -> None:
    file = tmp_path / "qna.yaml"
    file.write_text("version: 3 # kept\ncreated_by: [\n")
    open_leaf(editor, "(a new leaf)")
    with editor.page.expect_file_chooser() as chooser:
        press(editor, "Upload a qna.yaml (0)")
    chooser.value.set_files(file)
    told(editor, "The form cannot show this file.")
    open_tab(editor, "YAML")
    text = "version: 3 # kept\ncreated_by: me\ntask_description: Count.\nseed_examples: []\n"
    editor.get_by_label("Text of qna.yaml:").fill(text)
    press(editor, "Take this text")
    told(editor, "The form holds what the text says.")
    open_tab(editor, "About")
    assert editor.get_by_label(AUTHOR, exact=True).input_value() == "me"
