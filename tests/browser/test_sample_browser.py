"""The sample browser in JupyterLab: thousands of samples, gone through with the keyboard."""

import json
from typing import Any

import nbformat
import pytest

from tests.browser.conftest import Lab, Open, ended_well, run_all
from workbench.options import Options
from workbench.records import write_text
from workbench.workspace import Workspace

pytestmark = pytest.mark.browser
LEAF, OTHER = "knowledge/engineering/lighthouses", "compositional_skills/writing/spelling"
PASSAGE = "The light of Vel Marin stands on a cliff. It was built in 1843 by Tarn Osgood and is 45 metres tall. " * 3
SOURCE = """from workbench.widgets.sample_browser import SampleBrowser
from workbench.workspace import Workspace

SampleBrowser(Workspace.find().get("synthetic_data", "large"))"""


def sample(leaf: str, number: int, verdict: str) -> dict[str, Any]:
    trace = [
        {"stage": "question", "text": f"How tall is tower {number}?"},
        {"stage": "answer", "text": f"{number} metres"},
        {"stage": "faithful", "text": f"{number} metres: {'YES' if verdict == 'kept' else 'NO'}"},
    ]
    return {
        "id": f"{leaf}{number}", "leaf": leaf, "kind": "knowledge", "source": f"lights.md#{number % 9}", "seed": number,
        "flow": "compact", "model": "teacher", "question": f"How tall is tower {number}?",
        "answer": f"{number} metres", "context": PASSAGE, "outcome": verdict, "stage": "faithful",
        "reason": "" if verdict == "kept" else "judged NO", "trace": trace,
    }  # fmt: skip


@pytest.fixture(scope="module")
def browser(open_notebook: Open, lab: Lab) -> Any:
    run = Workspace(lab.folder / "workspace").open_run("synthetic_data", "large", Options(), {})
    with run.hold() as attempt:
        for path, rows in (
            (f"{LEAF}.jsonl", [sample(LEAF, number, "kept") for number in range(4000)]),
            (f"{OTHER}.jsonl", [sample(OTHER, number, "kept") for number in range(1000)]),
            ("rejected.jsonl", [sample(LEAF, number, "rejected") for number in range(700)]),
        ):
            write_text(run.artifacts / path, "".join(json.dumps(row) + "\n" for row in rows))
        leaves = [{"path": path, "stages": ["faithful"]} for path in (LEAF, OTHER)]
        attempt.finish({"leaves": leaves})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SOURCE)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    write_text(lab.folder / "notebooks" / "browse.ipynb", nbformat.writes(notebook))
    page = open_notebook("notebooks/browse.ipynb")
    run_all(page)
    assert ended_well(page)
    shown = page.locator(".workbench-browser").first
    told(shown, "Sample 1 of 5,700")
    return shown


def told(browser: Any, text: str) -> None:
    browser.get_by_text(text, exact=True).wait_for()


def test_arrow_keys_in_the_list_go_through_the_samples(browser: Any) -> None:
    samples = browser.get_by_label("Samples:", exact=True)
    assert samples.locator("option").count() == 100, "a page of lines is sent, not thousands"
    samples.focus()
    samples.press("ArrowDown")
    told(browser, "Sample 2 of 5,700")
    samples.press("End")
    told(browser, "Sample 100 of 5,700")
    browser.get_by_role("button", name="Next sample").press("Enter")
    told(browser, "Sample 101 of 5,700")
    assert samples.locator("option").first.inner_text().split() == "101. How tall is tower 100?".split()


def test_question_answer_context_and_judgement_stand_side_by_side(browser: Any) -> None:
    browser.get_by_label("Verdict:", exact=True).select_option("rejected (700)")
    told(browser, "Sample 1 of 700")
    browser.get_by_label("Leaf:", exact=True).select_option(f"{LEAF} (700)")
    boxes = [
        browser.get_by_role("region", name=name).bounding_box()
        for name in ("Question", "Answer", "Context", "Judgement")
    ]
    assert len({round(box["y"]) for box in boxes}) < 4, "every part stands below the other"
    assert browser.get_by_role("region", name="Judgement").get_by_text("0 metres: NO").is_visible()
    words = browser.get_by_label("Words:", exact=True)
    words.fill("tower 77?")
    words.press("Enter")
    told(browser, "Sample 1 of 7")
