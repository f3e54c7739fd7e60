"""A chat in JupyterLab: both models answer at once, word by word, and differently."""

from typing import Any

import nbformat
import pytest

from tests.browser.conftest import Lab, Open, ended_well, run_all
from workbench.records import write_text
from workbench.taxonomy.sample import lay_out_sample
from workbench.workspace import Workspace

pytestmark = pytest.mark.browser
SOURCE = """from workbench.engines.chat import Chat
from workbench.engines.options import ChatOptions
from workbench.engines.transcript import Transcript
from workbench.widgets.chat_panel import ChatPanel
from workbench.workspace import Workspace

options = ChatOptions(model="seedling-teacher-Q4_K_M", base_model="seedling-base", max_tokens=256, temperature=2.0)
panel = ChatPanel(Chat(options, Workspace.find()), Transcript())
panel"""
MESSAGE = "Your message (Enter sends, Shift+Enter begins a new line):"
# Keeps every length that the text of a column has had.
WATCH = """box => {
    window.lengths = {};
    new MutationObserver(() => {
        for (const column of box.querySelectorAll("section[aria-busy]")) {
            const name = column.getAttribute("aria-label");
            (window.lengths[name] ??= new Set()).add(column.textContent.length);
        }
    }).observe(box, { childList: true, subtree: true, characterData: true });
}"""
LENGTHS = "() => Object.fromEntries(Object.entries(window.lengths).map(([name, all]) => [name, all.size]))"


@pytest.fixture(scope="module")
def page(open_notebook: Open, lab: Lab) -> Any:
    lay_out_sample(Workspace(lab.folder / "workspace"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SOURCE)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    write_text(lab.folder / "notebooks" / "talk.ipynb", nbformat.writes(notebook))
    page = open_notebook("notebooks/talk.ipynb")
    run_all(page)
    assert ended_well(page)
    return page


@pytest.fixture(scope="module")
def panel(page: Any) -> Any:
    shown = page.locator(".workbench-chat").first
    shown.get_by_label(MESSAGE).wait_for()
    return shown


def answered(panel: Any, turns: int) -> None:
    panel.page.wait_for_function(
        "turns => document.querySelectorAll('.workbench-turn').length === turns"
        " && !document.querySelector('.workbench-chat section[aria-busy]')",
        arg=turns,
    )


def test_both_models_answer_side_by_side_and_differently(panel: Any, lab: Lab) -> None:
    panel.evaluate(WATCH)
    text = panel.get_by_label(MESSAGE)
    text.fill("Tell me about")
    text.press("Shift+Enter")
    text.press_sequentially("lighthouses and islands.")
    assert text.input_value() == "Tell me about\nlighthouses and islands."
    text.press("Enter")
    answered(panel, 1)
    assert text.input_value() == ""
    said = [panel.get_by_role("region", name=name).last.inner_text() for name in ("base", "model")]
    assert said[0].removeprefix("base") != said[1].removeprefix("model")
    grown = panel.page.evaluate(LENGTHS)
    # So small a model may be done before the page is drawn for the first time; that pieces come is tested below it.
    assert min(grown["base"], grown["model"]) >= 1
    panel.screenshot(path=str(lab.folder / "answered.png"))


def test_an_answer_can_be_stopped(panel: Any) -> None:
    text = panel.get_by_label(MESSAGE)
    for turns in range(2, 6):
        text.fill("Tell me more.")
        text.press("Enter")
        panel.get_by_role("button", name="Stop").click(timeout=5000, force=True)
        answered(panel, turns)
        if panel.get_by_text("stopped", exact=True).count():
            return
    pytest.fail("nothing could be stopped")


def test_a_passage_stands_in_front_and_goes_again(panel: Any, lab: Lab) -> None:
    panel.get_by_label("Leaf:", exact=True).select_option("knowledge/engineering/lighthouses")
    panel.get_by_text("In front of your message:").wait_for()
    panel.get_by_label("Passage:", exact=True).select_option("context 2")
    panel.screenshot(path=str(lab.folder / "passage.png"))
    panel.get_by_role("button", name="Remove the passage").click()
    panel.get_by_text("In front of your message:").wait_for(state="detached")


def test_a_chat_is_saved(panel: Any, lab: Lab) -> None:
    panel.get_by_label("Name:", exact=True).fill("first")
    panel.get_by_role("button", name="Save").click()
    panel.get_by_text("Saved as first:").wait_for()
    page = (lab.folder / "workspace" / "chats" / "first.md").read_text("utf-8")
    assert "lighthouses and islands." in page
    panel.get_by_role("button", name="Start over").click()
    panel.get_by_text("Nothing was said here yet.").wait_for()
    panel.get_by_label("Saved chats:", exact=True).select_option("first")
    panel.get_by_role("button", name="Load").click()
    panel.get_by_text("lighthouses and islands.").wait_for()
