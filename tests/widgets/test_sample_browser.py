import json
import time

import pytest

from tests.conftest import Measure
from tests.widgets.conftest import KNOWLEDGE, SKILL, leaf_record, sample
from workbench.options import Options
from workbench.records import write_text
from workbench.runs import Run
from workbench.widgets.sample_browser import SampleBrowser
from workbench.widgets.samples import Entry, Record
from workbench.workspace import Workspace


class Controls:
    """The parts of the widget as a person meets them."""

    def __init__(self, browser: SampleBrowser) -> None:
        _, _, filters, self.list, keys, self.page = browser.widget.children
        self.leaf, self.verdict, self.stage, self.words = filters.children
        self.back, self.on, self.place = keys.children

    @property
    def lines(self) -> list[str]:
        return list(self.list.options)


@pytest.fixture
def large_run(workspace: Workspace) -> Run:
    run = workspace.open_run("synthetic_data", "large", Options(), {})
    with run.hold() as attempt:
        rows = [sample(KNOWLEDGE, number) for number in range(5000)]
        write_text(run.artifacts / f"{KNOWLEDGE}.jsonl", "".join(json.dumps(one) + "\n" for one in rows))
        attempt.finish({"leaves": [leaf_record(KNOWLEDGE, 5000)]})
    return run


def test_it_begins_with_the_first_sample_of_all(data_run: Run) -> None:
    browser = SampleBrowser(data_run)
    assert browser.value is not None
    assert browser.value["question"] == "Question <0>?"
    shown = Controls(browser)
    assert "Sample 1 of 5" in shown.place.value
    assert shown.lines[0] == "1. Question <0>?"
    assert shown.lines[3] == "4. [rejected at faithful] Question <3>?"
    assert [label for label, _ in shown.verdict.options] == [
        "all verdicts (5)",
        "kept (3)",
        "failed (1)",
        "rejected (1)",
    ]


def test_keys_and_buttons_go_through_the_samples(data_run: Run) -> None:
    shown = Controls(SampleBrowser(data_run))
    shown.on.click()
    assert ("Sample 2 of 5" in shown.place.value, shown.list.index) == (True, 1)
    shown.back.click()
    shown.back.click()
    assert "Sample 5 of 5" in shown.place.value
    shown.list.index = 2
    assert "Sample 3 of 5" in shown.place.value
    assert "Question &lt;2&gt;?" in shown.page.value


def test_filters_narrow_the_list_and_each_other(data_run: Run) -> None:
    browser = SampleBrowser(data_run)
    shown = Controls(browser)
    shown.verdict.value = "rejected"
    assert "<b>rejected</b> at faithful: judged NO" in shown.page.value
    assert shown.lines == ["1. [rejected at faithful] Question <3>?"]
    shown.leaf.value = SKILL
    assert shown.lines == []
    assert shown.list.index is None
    assert "No sample is so." in shown.place.value
    shown.on.click()
    assert "Choose another leaf or verdict." in shown.page.value
    shown.verdict.value = ""
    assert browser.value is not None
    assert (browser.value["leaf"], browser.value["outcome"]) == (SKILL, "failed")
    shown.leaf.value, shown.words.value = "", "answer 1"
    assert shown.lines == ["1. Question <1>?"]


def test_where_nothing_is_so_there_is_no_value(data_run: Run) -> None:
    browser = SampleBrowser(data_run)
    browser.show(SKILL, "kept")
    assert browser.value is None
    browser.move(1)
    assert browser.value is None


def test_it_may_begin_with_a_leaf(data_run: Run) -> None:
    browser = SampleBrowser(data_run, KNOWLEDGE)
    assert Controls(browser).leaf.value == KNOWLEDGE
    assert Controls(browser).leaf.options[1] == (f"{KNOWLEDGE} (4)", KNOWLEDGE)
    browser.show(verdict="kept")
    assert Controls(browser).verdict.value == "kept"


def test_of_thousands_of_samples_a_hundred_lines_are_sent_and_one_is_read(
    large_run: Run, monkeypatch: pytest.MonkeyPatch, measured: Measure
) -> None:
    browser = SampleBrowser(large_run)
    shown = Controls(browser)
    began = time.perf_counter()
    for _ in range(20):
        browser.move(1)
    took = (time.perf_counter() - began) / 20
    measured("Showing the next of 5,000 samples in the sample browser", f"{took * 1000:.0f} ms", "below 100 ms")
    browser.show()
    assert len(shown.lines) == 100
    read: list[Entry] = []
    plain = Entry.read

    def counted(entry: Entry) -> Record:
        read.append(entry)
        return plain(entry)

    monkeypatch.setattr(Entry, "read", counted)
    browser.move(-1)
    assert shown.lines[-1] == "5000. Question <4999>?"
    assert shown.list.index == 99
    browser.move(1)
    assert shown.lines[0] == "1. Question <0>?"
    assert len(read) <= 4


def test_the_static_form_shows_some_of_each(data_run: Run) -> None:
    browser = SampleBrowser(data_run)
    assert "Question &lt;1&gt;?" in browser.html()
    assert "Question &lt;2&gt;?" not in browser.html()
    assert "faithful: judged NO" in browser.text()
    assert KNOWLEDGE in browser.text()
