"""JupyterLab itself, in Chromium: a notebook is opened and run twice, and a panel is clicked through."""

from typing import Any

import pytest

from tests.browser.conftest import Open, ended_well, run_all

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", ["01_taxonomy", "02_diff"])
def test_a_notebook_runs_twice(name: str, open_notebook: Open) -> None:
    page, counts = open_notebook(f"notebooks/{name}.ipynb"), []
    for _ in range(2):
        run_all(page)
        outputs = page.locator(".jp-OutputArea-output")
        assert ended_well(page)
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
