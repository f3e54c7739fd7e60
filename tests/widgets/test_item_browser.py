import time

import pytest

from tests.conftest import Measure
from tests.widgets.conftest import CHOSEN, KNOWLEDGE, evaluation
from workbench.runs import Run
from workbench.widgets.item_browser import ItemBrowser
from workbench.widgets.item_page import Item
from workbench.widgets.items import Entry
from workbench.workspace import Workspace


class Controls:
    """The parts of the widget as a person meets them."""

    def __init__(self, browser: ItemBrowser) -> None:
        _, _, filters, self.list, keys, self.page = browser.widget.children
        self.benchmark, self.model, self.leaf, self.verdict, self.words = filters.children
        self.back, self.on, self.place = keys.children

    @property
    def lines(self) -> list[str]:
        return list(self.list.options)


def test_it_begins_with_the_first_question_and_both_models(evaluated: Run) -> None:
    browser = ItemBrowser(evaluated)
    shown = Controls(browser)
    assert "Item 1 of 4" in shown.place.value
    assert shown.lines[0] == "1. [base wrong, trained right] Question 0?"
    assert shown.lines[3] == "4. [trained rated 7 and more] First?"
    assert shown.page.value.index("Base model") < shown.page.value.index("Trained model")
    assert [label for label, _ in shown.benchmark.options] == [
        "all questions (4)",
        "Proof questions (3)",
        "Conversations (1)",
    ]
    assert [label for label, _ in shown.model.options] == ["both models (4)", "base (3)", "trained (4)"]


def test_choices_narrow_the_list_and_each_other(evaluated: Run) -> None:
    browser = ItemBrowser(evaluated)
    shown = Controls(browser)
    shown.model.value = "trained"
    shown.verdict.value = "wrong"
    assert shown.lines == ["1. [base wrong, trained wrong] Question 1?"]
    assert (f"{KNOWLEDGE} (1)", KNOWLEDGE) in shown.leaf.options
    shown.benchmark.value = ""
    shown.words.value = "nowhere"
    assert browser.value is None
    assert "No item is so." in shown.place.value
    assert "Choose other questions." in shown.page.value
    shown.words.value = ""
    assert browser.value is not None


def test_keys_and_buttons_go_through_the_items(evaluated: Run) -> None:
    shown = Controls(ItemBrowser(evaluated, "proof"))
    shown.back.click()
    assert "Item 3 of 3" in shown.place.value
    assert "<b>failed</b>: long" in shown.page.value
    shown.on.click()
    shown.list.index = 1
    assert "Item 2 of 3" in shown.place.value


def test_the_static_form_shows_telling_items_of_each_benchmark(evaluated: Run) -> None:
    browser = ItemBrowser(evaluated)
    assert "Question 0?" in browser.text()
    assert "1901 (wrong)" in browser.text()
    assert "First? / Second?" in browser.html()
    assert "not asked" in browser.html()


def test_of_thousands_of_items_a_hundred_lines_are_sent_and_one_is_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, measured: Measure
) -> None:
    rows = [CHOSEN | {"id": str(number), "question": f"Question {number}?"} for number in range(5000)]
    run = evaluation(workspace, "large", {"proof_base": rows, "proof_trained": rows})
    began = time.perf_counter()
    browser = ItemBrowser(run)
    shown = Controls(browser)
    opened = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(20):
        browser.move(1)
    took = (time.perf_counter() - began) / 20
    measured("Opening the item browser on 5,000 items of two models", f"{opened:.1f} s")
    measured("Showing the next of 5,000 items in the item browser", f"{took * 1000:.0f} ms", "below 100 ms")
    assert len(shown.lines) == 100
    read: list[Entry] = []
    plain = Entry.read

    def counted(entry: Entry) -> Item:
        read.append(entry)
        return plain(entry)

    monkeypatch.setattr(Entry, "read", counted)
    browser.move(-21)
    assert shown.lines[-1].endswith("Question 4999?")
    assert shown.list.index == 99
    assert len(read) == 1
