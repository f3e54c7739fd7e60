"""JupyterLab itself, in Chromium: a notebook is opened and run twice, and a panel is clicked through."""

from typing import Any

import pytest

from tests.browser.conftest import ended_well, run_all

pytestmark = pytest.mark.browser


def test_the_first_notebook_runs_twice(first_notebook: Any) -> None:
    counts = []
    for _ in range(2):
        run_all(first_notebook)
        outputs = first_notebook.locator(".jp-OutputArea-output")
        assert ended_well(first_notebook)
        counts.append(outputs.count())
    assert counts[0] == counts[1] > 5


def test_a_leaf_is_chosen_by_its_label(first_notebook: Any) -> None:
    run_all(first_notebook)
    picker = first_notebook.get_by_label("Leaf:", exact=True).first
    picker.wait_for()
    assert picker.input_value() == "knowledge/engineering/lighthouses"
    picker.select_option("compositional_skills/writing/spelling")
    assert picker.input_value() == "compositional_skills/writing/spelling"
    task = first_notebook.get_by_label("Task description").first
    task.wait_for()
