from typing import Any

import pytest

from tests.widgets.conftest import KNOWLEDGE, SKILL
from workbench.errors import NotFoundError
from workbench.options import Options
from workbench.runs import Run
from workbench.widgets.sample_browser import KEPT, LEFT_OUT, SampleBrowser, Samples, sample_html
from workbench.workspace import Workspace


def controls(browser: SampleBrowser) -> tuple[Any, Any, Any, Any, Any]:
    choosers, pressers, page = browser.widget.children
    return *choosers.children, *pressers.children, page


def test_it_begins_with_the_first_kept_sample(data_run: Run) -> None:
    browser = SampleBrowser(data_run)
    assert browser.value is not None
    assert browser.value["question"] == "Question <0>?"
    assert "Sample 1 of 3" in controls(browser)[-1].value


def test_buttons_go_round(data_run: Run) -> None:
    browser = SampleBrowser(data_run)
    _, _, back, on, page = controls(browser)
    on.click()
    assert "Sample 2 of 3" in page.value
    back.click()
    back.click()
    assert "Sample 3 of 3" in page.value
    assert "Question &lt;2&gt;?" in page.value


def test_leaf_and_outcome_are_chosen(data_run: Run) -> None:
    browser = SampleBrowser(data_run)
    leaf, outcome, _, on, page = controls(browser)
    outcome.value = LEFT_OUT
    assert "rejected at faithful: judged NO" in page.value
    leaf.value = SKILL
    assert browser.value is not None
    assert browser.value["outcome"] == "failed"
    outcome.value = KEPT
    on.click()
    assert f"No sample of {SKILL} was kept." in page.value


def test_the_static_form_shows_some_of_each(data_run: Run) -> None:
    browser = SampleBrowser(data_run)
    assert "Question &lt;1&gt;?" in browser.html()
    assert "Question &lt;2&gt;?" not in browser.html()
    assert "faithful: judged NO" in browser.text()
    assert KNOWLEDGE in browser.text()


def test_a_sample_is_shown_whole(data_run: Run) -> None:
    value = SampleBrowser(data_run).value
    assert value is not None
    shown = sample_html(value)
    assert "<dt>Context</dt><dd><pre>A passage.</pre></dd>" in shown
    assert "<li>question: Question &lt;0&gt;?</li>" in shown
    assert "<dt>Context</dt>" not in sample_html({**value, "context": ""})


def test_all_kept_samples_are_those_of_the_leaves(data_run: Run) -> None:
    assert [record["leaf"] for record in Samples(data_run).kept] == [KNOWLEDGE] * 3


def test_a_run_without_leaves_has_nothing_to_browse(workspace: Workspace) -> None:
    run = workspace.open_run("synthetic_data", "empty", Options(), {})
    with run.hold() as attempt:
        attempt.finish({"leaves": []})
    with pytest.raises(NotFoundError, match="has no leaves"):
        SampleBrowser(run)
