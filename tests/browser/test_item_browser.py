"""The item browser in JupyterLab: base and trained model side by side, gone through with the keyboard."""

import json
from typing import Any

import nbformat
import pytest

from tests.browser.conftest import Lab, Open, ended_well, run_all
from workbench.options import Options
from workbench.records import write_text
from workbench.workspace import Workspace

pytestmark = pytest.mark.browser
SOURCE = """from workbench.widgets.item_browser import ItemBrowser
from workbench.workspace import Workspace

ItemBrowser(Workspace.find().get("evaluations", "many"))"""


def item(number: int, *, right: bool) -> dict[str, Any]:
    return {
        "id": str(number), "leaf": f"general_{number % 7}", "question": f"How tall is tower {number}?",
        "choices": ["40 metres", "50 metres"], "answer": 0, "scores": [-1.0, -2.0] if right else [-2.0, -1.0],
        "chosen": int(not right), "right": right,
    }  # fmt: skip


@pytest.fixture(scope="module")
def browser(open_notebook: Open, lab: Lab) -> Any:
    run = Workspace(lab.folder / "workspace").open_run("evaluations", "many", Options(), {})
    with run.hold() as attempt:
        for who, gets_right in (("base", 3), ("trained", 2)):
            rows = [item(number, right=number % gets_right == 0) for number in range(5000)]
            write_text(run.artifacts / f"mmlu_{who}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        counted = {"items": 5000}
        attempt.finish({"benchmarks": {"mmlu": {"title": "General questions", "base": counted, "trained": counted}}})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SOURCE)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    write_text(lab.folder / "notebooks" / "items.ipynb", nbformat.writes(notebook))
    page = open_notebook("notebooks/items.ipynb")
    run_all(page)
    assert ended_well(page)
    shown = page.locator(".workbench-browser").first
    told(shown, "Item 1 of 5,000")
    return shown


def told(browser: Any, text: str) -> None:
    browser.get_by_text(text, exact=True).wait_for()


def test_arrow_keys_in_the_list_go_through_the_items(browser: Any) -> None:
    items = browser.get_by_label("Items:", exact=True)
    assert items.locator("option").count() == 100, "a page of lines is sent, not thousands"
    items.focus()
    items.press("ArrowDown")
    told(browser, "Item 2 of 5,000")
    browser.get_by_role("button", name="Previous item").press("Enter")
    told(browser, "Item 1 of 5,000")


def test_both_models_stand_side_by_side(browser: Any) -> None:
    browser.get_by_label("Verdict:", exact=True).select_option("worse than before (833)")
    told(browser, "Item 1 of 833")
    base, trained = (browser.get_by_role("region", name=f"{who} model").bounding_box() for who in ("Base", "Trained"))
    assert base["x"] < trained["x"]
    assert abs(base["y"] - trained["y"]) < 2
